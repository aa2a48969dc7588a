/*
 * A slow disk: preloaded into the database server, it makes every flush take longer by as many microseconds as are
 * written in the file SLOW_FSYNC_FILE (eight digits, read through a mapping, so that it can be changed at any time).
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define DIGITS 8

static const volatile char *setting;

__attribute__((constructor)) static void map_setting(void) {
  const char *path = getenv("SLOW_FSYNC_FILE");
  int file = path ? open(path, O_RDONLY) : -1;
  if (file < 0) return;
  void *mapped = mmap(NULL, DIGITS, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapped != MAP_FAILED) setting = mapped;
}

static void delay(void) {
  if (!setting) return;
  long micros = 0;
  for (int i = 0; i < DIGITS; i++) micros = micros * 10 + (setting[i] - '0');
  if (micros <= 0) return;
  struct timespec wait = {micros / 1000000, (micros % 1000000) * 1000};
  nanosleep(&wait, NULL);
}

int fsync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  delay();
  return real(file);
}

int fdatasync(int file) {
  static int (*real)(int);
  if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
  delay();
  return real(file);
}
