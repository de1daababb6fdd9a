#pragma once

#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "outrider/store/store.h"

namespace outrider::store {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    path_ = (std::filesystem::temp_directory_path() / "outrider-store-XXXXXX").string();
    if (!mkdtemp(path_.data())) throw std::runtime_error("mkdtemp");
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline std::unique_ptr<Store> opened(const std::string& path) {
  auto store = Store::open({.path = path});
  EXPECT_TRUE(store) << store.error().text();
  return store ? std::move(*store) : nullptr;
}

}  // namespace outrider::store
