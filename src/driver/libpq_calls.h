/*
 * The functions of libpq that the driver calls, in a table that is filled with the first connection (driver/client.h).
 * One more is called once it stands in both lists; without, the linker does not find it.
 */
#ifndef CORM_DRIVER_LIBPQ_CALLS_H
#define CORM_DRIVER_LIBPQ_CALLS_H

#include <libpq-fe.h>

#include "driver/client.h"

/* Fills the table. */
corm_status corm_pq_load(corm_error *err);

#ifdef CORM_LIBPQ_FILE

/* clang-format off */
#define CORM_LIBPQ_CALLS(X) \
  X(PQcancel) X(PQclear) X(PQcmdStatus) X(PQcmdTuples) X(PQconnectPoll) X(PQconnectStartParams) \
  X(PQconnectionNeedsPassword) X(PQconsumeInput) X(PQcopyResult) X(PQenterPipelineMode) X(PQerrorMessage) \
  X(PQexitPipelineMode) X(PQfinish) X(PQfname) X(PQfreeCancel) X(PQfreemem) X(PQftype) X(PQgetCancel) \
  X(PQgetCopyData) X(PQgetResult) X(PQgetisnull) X(PQgetlength) X(PQgetvalue) X(PQisBusy) X(PQlibVersion) \
  X(PQmakeEmptyPGresult) X(PQnfields) X(PQnotifies) X(PQnparams) X(PQntuples) X(PQparameterStatus) X(PQparamtype) \
  X(PQpipelineSync) X(PQprotocolVersion) X(PQputCopyEnd) X(PQreset) X(PQresultErrorField) X(PQresultErrorMessage) \
  X(PQresultStatus) X(PQsendDescribePrepared) X(PQsendPrepare) X(PQsendQuery) X(PQsendQueryParams) \
  X(PQsendQueryPrepared) X(PQserverVersion) X(PQsetErrorVerbosity) X(PQsetNoticeReceiver) X(PQsetSingleRowMode) \
  X(PQsocket) X(PQstatus) X(PQtransactionStatus)
/* clang-format on */

typedef struct corm_libpq_calls {
  CORM_LIBPQ_CALLS(CORM_CLIENT_FIELD)
} corm_libpq_calls;
extern corm_libpq_calls corm_libpq;

#define PQcancel                  corm_libpq.PQcancel
#define PQclear                   corm_libpq.PQclear
#define PQcmdStatus               corm_libpq.PQcmdStatus
#define PQcmdTuples               corm_libpq.PQcmdTuples
#define PQconnectPoll             corm_libpq.PQconnectPoll
#define PQconnectStartParams      corm_libpq.PQconnectStartParams
#define PQconnectionNeedsPassword corm_libpq.PQconnectionNeedsPassword
#define PQconsumeInput            corm_libpq.PQconsumeInput
#define PQcopyResult              corm_libpq.PQcopyResult
#define PQenterPipelineMode       corm_libpq.PQenterPipelineMode
#define PQerrorMessage            corm_libpq.PQerrorMessage
#define PQexitPipelineMode        corm_libpq.PQexitPipelineMode
#define PQfinish                  corm_libpq.PQfinish
#define PQfname                   corm_libpq.PQfname
#define PQfreeCancel              corm_libpq.PQfreeCancel
#define PQfreemem                 corm_libpq.PQfreemem
#define PQftype                   corm_libpq.PQftype
#define PQgetCancel               corm_libpq.PQgetCancel
#define PQgetCopyData             corm_libpq.PQgetCopyData
#define PQgetResult               corm_libpq.PQgetResult
#define PQgetisnull               corm_libpq.PQgetisnull
#define PQgetlength               corm_libpq.PQgetlength
#define PQgetvalue                corm_libpq.PQgetvalue
#define PQisBusy                  corm_libpq.PQisBusy
#define PQlibVersion              corm_libpq.PQlibVersion
#define PQmakeEmptyPGresult       corm_libpq.PQmakeEmptyPGresult
#define PQnfields                 corm_libpq.PQnfields
#define PQnotifies                corm_libpq.PQnotifies
#define PQnparams                 corm_libpq.PQnparams
#define PQntuples                 corm_libpq.PQntuples
#define PQparameterStatus         corm_libpq.PQparameterStatus
#define PQparamtype               corm_libpq.PQparamtype
#define PQpipelineSync            corm_libpq.PQpipelineSync
#define PQprotocolVersion         corm_libpq.PQprotocolVersion
#define PQputCopyEnd              corm_libpq.PQputCopyEnd
#define PQreset                   corm_libpq.PQreset
#define PQresultErrorField        corm_libpq.PQresultErrorField
#define PQresultErrorMessage      corm_libpq.PQresultErrorMessage
#define PQresultStatus            corm_libpq.PQresultStatus
#define PQsendDescribePrepared    corm_libpq.PQsendDescribePrepared
#define PQsendPrepare             corm_libpq.PQsendPrepare
#define PQsendQuery               corm_libpq.PQsendQuery
#define PQsendQueryParams         corm_libpq.PQsendQueryParams
#define PQsendQueryPrepared       corm_libpq.PQsendQueryPrepared
#define PQserverVersion           corm_libpq.PQserverVersion
#define PQsetErrorVerbosity       corm_libpq.PQsetErrorVerbosity
#define PQsetNoticeReceiver       corm_libpq.PQsetNoticeReceiver
#define PQsetSingleRowMode        corm_libpq.PQsetSingleRowMode
#define PQsocket                  corm_libpq.PQsocket
#define PQstatus                  corm_libpq.PQstatus
#define PQtransactionStatus       corm_libpq.PQtransactionStatus

#endif

#endif
