{
  "targets": [
    {
      "target_name": "flumen",
      "sources": [
        "<!@(node scripts/support/unity.mjs)"
      ],
      "include_dirs": ["native"],
      "defines": ["NAPI_VERSION=9", "NODE_ADDON_API_DISABLE_DEPRECATED", "NAPI_DISABLE_CPP_EXCEPTIONS"],
      "cflags": ["-isystem <(module_root_dir)/node_modules/node-addon-api", "-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wno-sign-conversion", "-Werror", "-fvisibility=hidden"],
      "cflags_cc!": ["-std=gnu++17", "-std=gnu++20", "-std=gnu++1y"],
      "cflags_cc": ["-std=c++20", "-fno-exceptions", "-fno-rtti"],
      "ldflags": ["-Wl,--as-needed", "-Wl,--version-script=<(module_root_dir)/native/addon/exports.map"]
    }
  ]
}
