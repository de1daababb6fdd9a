#include "outrider/store/files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "temporary_folder.h"

namespace outrider::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FilesOf : public testing::Test {
 protected:
  FilesOf() : files_(*Files::open(folder_ / "content")) {}

  void make(const std::string& name, const std::string& content, std::size_t step) {
    auto file = files_.create(name);
    ASSERT_TRUE(file) << file.error().text();
    for (std::size_t from = 0; from < content.size(); from += step)
      ASSERT_TRUE(file->append(std::string_view(content).substr(from, step)));
    ASSERT_TRUE(file->sync());
  }
  std::string read(const std::string& name) {
    std::string content;
    for (std::uint32_t number = 0;; ++number) {
      const auto frame = files_.read(name, number);
      EXPECT_TRUE(frame) << frame.error().text();
      if (!frame || !*frame) return content;
      EXPECT_LE((*frame)->size(), frame_bytes);
      content += **frame;
    }
  }

  TemporaryFolder folder_;
  Files files_;
};

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t at = 0; at < size; ++at) bytes[at] = static_cast<char>(at * 31 + at / 4099);
  return bytes;
}

TEST_F(FilesOf, ContentComesBackHoweverItWasCut) {
  for (const std::size_t size : {1ul, frame_bytes - 1, frame_bytes, frame_bytes + 1, 700'001ul}) {
    for (const std::size_t step : {16ul << 10, frame_bytes, 300'000ul, size}) {
      const std::string content = pattern(size);
      make("a", content, step);
      EXPECT_TRUE(read("a") == content) << size << " in steps of " << step;
    }
  }
}

TEST_F(FilesOf, AreForUsAlone) {
  make("a", "content", 7);
  struct stat facts{};
  ASSERT_EQ(stat((folder_ / "content/a").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0600u);
  ASSERT_EQ(stat((folder_ / "content").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 07777, 0700u);
}

TEST_F(FilesOf, AreListedAndGoneOnceErased) {
  make("b", "2", 1);
  make("a", "1", 1);
  EXPECT_THAT(*files_.names(), ElementsAre("a", "b"));
  EXPECT_TRUE(files_.erase("a"));
  EXPECT_TRUE(files_.erase("a"));
  EXPECT_FALSE((*files_.read("a", 0)).has_value());
  EXPECT_THAT(*Files::open(folder_ / "content")->names(), ElementsAre("b"));
}

TEST_F(FilesOf, AFileIsMadeAnew) {
  make("a", std::string(1000, 'x'), 1000);
  make("a", "new", 3);
  EXPECT_EQ(read("a"), "new");
}

TEST_F(FilesOf, AnyByteThatIsAnotherIsAnError) {
  const std::string content = pattern(frame_bytes + 100);
  for (const std::size_t at : {0ul, 77ul, frame_bytes - 1, frame_bytes, frame_bytes + 3,
                               frame_bytes + 4, content.size() + 7}) {
    make("a", content, content.size());
    std::fstream file(folder_ / "content/a", std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(at));
    file.put(byte).flush();
    const auto first = files_.read("a", 0), second = files_.read("a", 1);
    EXPECT_NE(first.has_value(), second.has_value()) << at;
    const auto& bad = first ? second : first;
    EXPECT_THAT(bad.error().text(), HasSubstr("content/a: frame")) << at;
  }
}

TEST_F(FilesOf, AFileThatWasCutIsAnErrorOrHasFewerFrames) {
  make("a", pattern(frame_bytes + 100), frame_bytes);
  const std::string path = folder_ / "content/a";
  for (const std::size_t left : {frame_bytes + 104 - 4 + 3, frame_bytes + 5, frame_bytes + 4 - 1}) {
    ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(left)), 0);
    EXPECT_FALSE(files_.read("a", left > frame_bytes + 4 ? 1 : 0)) << left;
  }
  make("a", pattern(frame_bytes + 100), frame_bytes);
  ASSERT_EQ(truncate(path.c_str(), frame_bytes + 4), 0);
  EXPECT_TRUE(*files_.read("a", 0));
  EXPECT_FALSE((*files_.read("a", 1)).has_value());
}

TEST_F(FilesOf, WhatIsNoFolderIsRefused) {
  std::ofstream(folder_ / "file") << "x";
  EXPECT_FALSE(Files::open(folder_ / "file"));
  ASSERT_EQ(rmdir((folder_ / "content").c_str()), 0);
  EXPECT_THAT(files_.create("a").error().text(), HasSubstr("content/a"));
}

}  // namespace
}  // namespace outrider::store
