/* Contender: GStreamer's own multifdsink or multisocketsink over the inherited sockets, fds base..base+N-1.
 *
 *   gst --element multifdsink|multisocketsink --clients N [--base 1000] [--rate 38] [--size 417]
 *
 * Reads "run ID SECONDS" and "quit" on stdin and answers each run with one JSON line. There is no pipeline
 * and no interpreter in the way: this thread makes a frame and hands it straight to the sink's pad, at the
 * cadence of bench/lib/pace.mjs, so that the time the call takes is the time the sink holds up its producer.
 * Clock waits, preroll and the copy of the last sample are off; everything else is as the element has it. */
#include <gio/gio.h>
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "frame.h"

#define PATIENCE_NS 500000000u /* as in bench/lib/pace.mjs */
#define DRAIN_NS 90000000000u  /* a saturated sink gets so long to deliver what it has taken */

static struct {
  const char* element;
  int clients, base, size;
  double rate;
} opt = {.element = "multifdsink", .clients = 0, .base = 1000, .size = 417, .rate = 38};

static uint8_t pattern[PATTERN_BYTES];
static GstElement* sink;
static GstPad* pad;
static uint64_t first_ns;
static gint removed;

static void fail(const char* what, const char* why) {
  fprintf(stderr, "gst: %s: %s\n", what, why);
  exit(1);
}

static uint64_t cpu_ns(clockid_t clock) {
  struct timespec ts;
  clock_gettime(clock, &ts);
  return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void sleep_until(uint64_t at) {
  struct timespec ts = {.tv_sec = (time_t)(at / 1000000000u), .tv_nsec = (long)(at % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) != 0) continue;
}

static uint64_t served(void) {
  guint64 bytes = 0;
  g_object_get(sink, "bytes-served", &bytes, NULL);
  return bytes;
}

static void on_removed(GstElement* element, gpointer handle, gint status, gpointer data) {
  (void)element, (void)handle, (void)status, (void)data;
  g_atomic_int_inc(&removed);
}

static void open_sink(void) {
  /* Only the one plugin is loaded: no registry is read, scanned for or written. */
  setenv("GST_REGISTRY_DISABLE", "yes", 1);
  setenv("GST_PLUGIN_SYSTEM_PATH_1_0", "", 1);
  gst_registry_fork_set_enabled(FALSE);
  gst_init(NULL, NULL);
  GError* error = NULL;
  if (gst_plugin_load_file(GST_TCP_PLUGIN, &error) == NULL) fail(GST_TCP_PLUGIN, error->message);
  sink = gst_element_factory_make(opt.element, NULL);
  if (sink == NULL) fail(opt.element, "no such element");
  g_object_set(sink, "sync", FALSE, "async", FALSE, "enable-last-sample", FALSE, "sync-method", 0, NULL);
  g_signal_connect(sink, "client-removed", G_CALLBACK(on_removed), NULL);
  pad = gst_pad_new("src", GST_PAD_SRC);
  GstPad* into = gst_element_get_static_pad(sink, "sink");
  gst_pad_set_active(pad, TRUE);
  if (gst_pad_link(pad, into) != GST_PAD_LINK_OK) fail(opt.element, "cannot be linked");
  if (gst_element_set_state(sink, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
    fail(opt.element, "does not play");
  GstSegment segment;
  gst_segment_init(&segment, GST_FORMAT_TIME);
  gst_pad_push_event(pad, gst_event_new_stream_start("bench"));
  GstCaps* caps = gst_caps_new_empty_simple("application/x-bench");
  gst_pad_push_event(pad, gst_event_new_caps(caps));
  gst_caps_unref(caps);
  gst_pad_push_event(pad, gst_event_new_segment(&segment));
  first_ns = now_ns();
}

static void add_clients(void) {
  int sockets = strcmp(opt.element, "multisocketsink") == 0;
  for (int fd = opt.base; fd < opt.base + opt.clients; fd++) {
    if (!sockets) {
      g_signal_emit_by_name(sink, "add", fd);
      continue;
    }
    GError* error = NULL;
    GSocket* socket = g_socket_new_from_fd(fd, &error);
    if (socket == NULL) fail("socket", error->message);
    g_signal_emit_by_name(sink, "add", socket);
    g_object_unref(socket); /* the sink holds it */
  }
}

/* Makes and pushes one frame; returns how long the push took. */
static uint64_t push(uint32_t run, uint64_t seq) {
  GstBuffer* buffer = gst_buffer_new_allocate(NULL, (gsize)opt.size, NULL);
  GstMapInfo map;
  if (!gst_buffer_map(buffer, &map, GST_MAP_WRITE)) fail("buffer", "cannot be mapped");
  uint64_t now = now_ns();
  frame_write(map.data, pattern, run, seq, (uint32_t)opt.size, now);
  gst_buffer_unmap(buffer, &map);
  GST_BUFFER_PTS(buffer) = now - first_ns;
  uint64_t begun = now_ns();
  GstFlowReturn flow = gst_pad_push(pad, buffer);
  uint64_t took = now_ns() - begun;
  if (flow != GST_FLOW_OK) fail("push", gst_flow_get_name(flow));
  return took;
}

static void run(uint32_t id, double seconds) {
  uint64_t planned = (uint64_t)(seconds * opt.rate), made = 0;
  uint64_t* took = malloc((planned + 1) * sizeof *took);
  if (took == NULL) fail("run", "out of memory");
  uint64_t bytes = served();
  uint64_t cpu = cpu_ns(CLOCK_PROCESS_CPUTIME_ID), own = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
  uint64_t start = now_ns();
  uint64_t end = start + (uint64_t)((double)planned * 1e9 / opt.rate) + PATIENCE_NS;
  for (; made < planned && now_ns() < end; made++) {
    sleep_until(start + (uint64_t)((double)made * 1e9 / opt.rate));
    took[made] = push(id, made);
  }
  uint64_t target = made * (uint64_t)opt.size * (uint64_t)opt.clients;
  uint64_t pushed_ns = now_ns(), sent;
  while ((sent = served() - bytes) < target && now_ns() < pushed_ns + DRAIN_NS)
    sleep_until(now_ns() + 10000000u);
  uint64_t done = now_ns();
  printf(
      "{\"run\":%u,\"frames\":%lu,\"planned\":%lu,\"wallNs\":%lu,\"drainNs\":%lu,\"cpuNs\":%lu,\"mainNs\":%"
      "lu,",
      id, made, planned, done - start, done - pushed_ns, cpu_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu,
      cpu_ns(CLOCK_THREAD_CPUTIME_ID) - own);
  printf("\"bytes\":%lu,\"complete\":%s,\"removed\":%d,\"pushNs\":[", sent, sent >= target ? "true" : "false",
         g_atomic_int_get(&removed));
  for (uint64_t i = 0; i < made; i++) printf(i == 0 ? "%lu" : ",%lu", took[i]);
  printf("]}\n");
  fflush(stdout);
  free(took);
}

static int parse(int argc, char** argv) {
  for (int i = 1; i + 1 < argc; i += 2) {
    const char *name = argv[i], *value = argv[i + 1];
    if (strcmp(name, "--element") == 0)
      opt.element = value;
    else if (strcmp(name, "--clients") == 0)
      opt.clients = atoi(value);
    else if (strcmp(name, "--base") == 0)
      opt.base = atoi(value);
    else if (strcmp(name, "--size") == 0)
      opt.size = atoi(value);
    else if (strcmp(name, "--rate") == 0)
      opt.rate = atof(value);
    else
      return 0;
  }
  return opt.clients > 0 && opt.rate > 0 && opt.size >= (int)FRAME_MIN && opt.size <= (int)FRAME_MAX;
}

int main(int argc, char** argv) {
  if (!parse(argc, argv)) fail("options", "see the head of bench/native/gst.c");
  pattern_fill(pattern);
  open_sink();
  add_clients();
  guint major, minor, micro, nano;
  gst_version(&major, &minor, &micro, &nano);
  printf("{\"ready\":true,\"pid\":%d,\"version\":\"%u.%u.%u\"}\n", getpid(), major, minor, micro);
  fflush(stdout);
  char line[256];
  while (fgets(line, sizeof line, stdin) != NULL) {
    unsigned id;
    double seconds;
    if (strncmp(line, "quit", 4) == 0) break;
    if (sscanf(line, "run %u %lf", &id, &seconds) == 2)
      run(id, seconds);
    else
      fprintf(stderr, "gst: what is %s", line);
  }
  _exit(0); /* letting go of every client one by one is no part of the bench */
}
