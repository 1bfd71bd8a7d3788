/* What the cheapest call of JavaScript costs that wakes a thread: an addon whose ring() does that and nothing
 * else. */
#include <node_api.h>

#include "sleeper.h"

static napi_value ring(napi_env env, napi_callback_info info) {
  (void)env;
  (void)info;
  ring_bell();
  return NULL;
}

NAPI_MODULE_INIT() {
  napi_value function;
  if (!start_sleeper()) abort();
  if (napi_create_function(env, "ring", NAPI_AUTO_LENGTH, ring, NULL, &function) != napi_ok) abort();
  if (napi_set_named_property(env, exports, "ring", function) != napi_ok) abort();
  return exports;
}
