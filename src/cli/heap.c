/* The program's heap, mimalloc's: asks the system for large pages. */
#include <mimalloc.h>

/* 100,000 loaded objects fill ten thousand pages of 4 kB. The system clears each and enters it in its tables at the
   first touch, which takes 0.5 us on bare iron and 15 us on some virtual machines: as long as everything else that a
   load does. One of 2 MB stands for 512 of them. MIMALLOC_LARGE_OS_PAGES=0 in the environment has the last word. */
static void use_large_pages(void) {
  mi_option_set_enabled_default(mi_option_large_os_pages, true);
}

/* Before the libraries' constructors, which allocate: a heap that has begun keeps its pages. */
__attribute__((section(".preinit_array"), used)) static void (*const before_constructors)(void) = use_large_pages;
