/* The hub of a fan-out run: accepts the load client's connections and starts the contenders with all of them
 * inherited.
 *
 *   hub --clients N [--base 1000] [--lowat 16384] [--contenders K] -- argv... -- argv...
 *
 * Every contender writes to the very same sockets: fds base..base+N-1, all with TCP_NODELAY and
 * TCP_NOTSENT_LOWAT, so the rivals differ in nothing but their own code. Contender i talks to the bench
 * through the hub's fd 3+i (a socket pair that the bench made), which becomes its stdin and stdout. The hub
 * prints {"port":P}, then {"accepted":N}, and leaves when its children have left or its stdin ends. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct options {
  int clients, base, lowat;
  char** rest;
};

static void die(const char* what) {
  fprintf(stderr, "hub: %s: %s\n", what, strerror(errno));
  exit(1);
}

static struct options parse(int argc, char** argv) {
  struct options o = {.clients = 0, .base = 1000, .lowat = 16384, .rest = NULL};
  int i = 1;
  for (; i + 1 < argc && strcmp(argv[i], "--") != 0; i += 2) {
    int value = atoi(argv[i + 1]);
    if (strcmp(argv[i], "--clients") == 0)
      o.clients = value;
    else if (strcmp(argv[i], "--base") == 0)
      o.base = value;
    else if (strcmp(argv[i], "--lowat") == 0)
      o.lowat = value;
    else {
      fprintf(stderr, "hub: unknown option %s\n", argv[i]);
      exit(2);
    }
  }
  if (i >= argc || o.clients < 1) {
    fprintf(stderr, "usage: hub --clients N -- argv... [-- argv...]\n");
    exit(2);
  }
  o.rest = argv + i;
  return o;
}

static void raise_nofile(int need) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) die("getrlimit");
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &limit) != 0) die("setrlimit");
  if (limit.rlim_cur < (rlim_t)need) {
    fprintf(stderr, "hub: needs %d fds, the hard limit (ulimit -Hn) is %lu\n", need,
            (unsigned long)limit.rlim_max);
    exit(1);
  }
}

static int listen_any(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = 0, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof at;
  if (fd < 0 || bind(fd, (struct sockaddr*)&at, sizeof at) != 0 || listen(fd, 4096) != 0) die("listen");
  if (getsockname(fd, (struct sockaddr*)&at, &size) != 0) die("getsockname");
  printf("{\"port\":%d}\n", ntohs(at.sin_port));
  fflush(stdout);
  return fd;
}

static void accept_all(int listener, const struct options* o) {
  int one = 1;
  for (int i = 0; i < o->clients; i++) {
    int fd = accept(listener, NULL, NULL);
    if (fd < 0) die("accept");
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0) die("TCP_NODELAY");
    if (o->lowat > 0 && setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &o->lowat, sizeof o->lowat) != 0)
      die("TCP_NOTSENT_LOWAT");
    if (dup2(fd, o->base + i) < 0) die("dup2");
    close(fd);
  }
}

/* argv of the next contender in `at` ends at the following "--"; returns where the one after begins, NULL
 * after the last. */
static char** cut(char** at) {
  for (; *at != NULL; at++) {
    if (strcmp(*at, "--") == 0) {
      *at = NULL;
      return at + 1;
    }
  }
  return NULL;
}

static void start(char** argv, int control) {
  pid_t pid = fork();
  if (pid < 0) die("fork");
  if (pid > 0) {
    close(control);
    return;
  }
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (dup2(control, 0) < 0 || dup2(control, 1) < 0) die("dup2");
  for (int fd = 3; fd < 64; fd++) close(fd);
  execvp(argv[0], argv);
  die(argv[0]);
}

int main(int argc, char** argv) {
  struct options o = parse(argc, argv);
  raise_nofile(o.base + o.clients + 64);
  int listener = listen_any();
  accept_all(listener, &o);
  close(listener);
  printf("{\"accepted\":%d}\n", o.clients);
  fflush(stdout);
  int control = 3;
  for (char **at = o.rest + 1, **next; at != NULL; at = next) {
    next = cut(at);
    start(at, control++);
  }
  for (int i = 0; i < o.clients; i++) close(o.base + i);
  while (wait(NULL) > 0 || errno == EINTR) continue;
  return 0;
}
