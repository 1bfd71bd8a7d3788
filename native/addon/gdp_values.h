// Caps and structures on their way to JavaScript. Environment's thread.
#pragma once

#include <napi.h>

#include "core/gdp/value.h"

namespace flumen {

/// [name, features, field, value, field, value, …]; a value is [ValueType, …], see lib/binding.ts.
Napi::Value structure_array(Napi::Env env, const gdp::Structure& structure);

}  // namespace flumen
