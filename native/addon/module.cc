// The module's entry: one Instance per environment, and the doors.
#include "addon/instance.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  auto* instance = new flumen::Instance(env);
  napi_set_instance_data(
      env, instance, [](napi_env, void* data, void*) { delete static_cast<flumen::Instance*>(data); },
      nullptr);
  flumen::export_environment_doors(env, exports);
  flumen::export_sink_doors(env, exports);
  flumen::export_source_doors(env, exports);
  flumen::export_gdp_doors(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(flumen, init)
