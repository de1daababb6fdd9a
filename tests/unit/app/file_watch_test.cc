#include "outrider/app/file_watch.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "folder.h"

namespace outrider::app {
namespace {

TEST(FileWatch, TellsAChangeOnce) {
  Folder folder;
  const auto a = folder.file("a"), b = folder.file("b");
  folder.write("a", "1");
  folder.write("b", "1");
  FileWatch watch({a, b});
  EXPECT_EQ(watch.changed(), std::nullopt);
  folder.write("b", "22");
  EXPECT_EQ(watch.changed(), b);
  EXPECT_EQ(watch.changed(), std::nullopt);
}

TEST(FileWatch, SeesFilesThatComeAndGoAndAreExchanged) {
  Folder folder;
  const auto a = folder.file("a"), b = folder.file("b");
  folder.write("b", "1");
  FileWatch watch({a, b});
  folder.write("a", "1");
  EXPECT_EQ(watch.changed(), a);
  std::filesystem::remove(a);
  EXPECT_EQ(watch.changed(), a);
  folder.write("new", "2");
  std::filesystem::rename(folder.file("new"), b);
  EXPECT_EQ(watch.changed(), b);
}

}  // namespace
}  // namespace outrider::app
