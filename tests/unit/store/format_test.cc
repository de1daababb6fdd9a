// Whose data lies in a folder. RocksDB is used here to make what is not ours.
#include <rocksdb/db.h>
#include <sys/wait.h>
#include <unistd.h>

#include "temporary_folder.h"

namespace outrider::store {
namespace {

using testing::HasSubstr;

/// Opens all tables there are and lets `edit` change what Store never would.
void behind_its_back(const std::string& path, const std::vector<std::string>& families,
                     const std::function<void(rocksdb::DB&)>& edit) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  std::vector<rocksdb::ColumnFamilyDescriptor> all;
  for (const std::string& name : families) all.emplace_back(name, options);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, path, all, &handles, &db).ok());
  edit(*db);
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  delete db;
}

const std::vector<std::string> ours{"default", "meta", "body", "keyed"};

TEST(Format, OfAnotherVersionIsRefused) {
  TemporaryFolder folder;
  opened(folder / "queue").reset();
  behind_its_back(folder / "queue", ours, [](rocksdb::DB& db) {
    ASSERT_TRUE(db.Put({}, "format", "outrider-queue 2").ok());
  });
  const auto refused = Store::open({.path = folder / "queue"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("outrider-queue 2"));
  EXPECT_THAT(refused.error().text(), HasSubstr(folder / "queue"));
}

TEST(Format, UnknownIsRefused) {
  TemporaryFolder folder;
  opened(folder / "queue").reset();
  behind_its_back(folder / "queue", ours, [](rocksdb::DB& db) {
    ASSERT_TRUE(db.Put({}, "format", "something\nelse").ok());
  });
  const auto refused = Store::open({.path = folder / "queue"});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().text(), HasSubstr("something\\x0aelse"));
}

TEST(Format, ADatabaseOfAnotherProgramIsLeftAlone) {
  TemporaryFolder folder;
  ASSERT_EQ(mkdir((folder / "other").c_str(), 0700), 0);
  behind_its_back(folder / "other", {"default", "theirs"},
                  [](rocksdb::DB& db) { ASSERT_TRUE(db.Put({}, "key", "value").ok()); });
  EXPECT_THAT(Store::open({.path = folder / "other"}).error().text(), HasSubstr("theirs"));
  behind_its_back(folder / "other", {"default", "theirs"}, [](rocksdb::DB& db) {
    std::string value;
    ASSERT_TRUE(db.Get({}, "key", &value).ok());
    EXPECT_EQ(value, "value");
  });
}

TEST(Format, ADatabaseWithDataButWithoutARecordIsRefused) {
  TemporaryFolder folder;
  ASSERT_EQ(mkdir((folder / "other").c_str(), 0700), 0);
  behind_its_back(folder / "other", {"default"},
                  [](rocksdb::DB& db) { ASSERT_TRUE(db.Put({}, "key", "value").ok()); });
  EXPECT_THAT(Store::open({.path = folder / "other"}).error().text(),
              HasSubstr("without a format record"));
}

TEST(Format, AFirstStartThatWasCutOffIsCompleted) {
  TemporaryFolder folder;
  ASSERT_EQ(mkdir((folder / "queue").c_str(), 0700), 0);
  behind_its_back(folder / "queue", {"default", "meta"}, [](rocksdb::DB&) {});
  EXPECT_TRUE(opened(folder / "queue"));
}

TEST(Format, ASecondProcessIsNamedTheFirst) {
  TemporaryFolder folder;
  const auto store = opened(folder / "queue");
  int tell[2];
  ASSERT_EQ(pipe(tell), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto second = Store::open({.path = folder / "queue"});
    const std::string text = second ? "opened" : second.error().text();
    _exit(write(tell[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  char text[500];
  const ssize_t length = read(tell[0], text, sizeof text);
  waitpid(child, nullptr, 0);
  ASSERT_GT(length, 0);
  EXPECT_EQ(std::string(text, length),
            (folder / "queue") + ": another process (" + std::to_string(getpid()) +
                ") has this queue open (a queue belongs to one process)");
  ::close(tell[0]);
  ::close(tell[1]);
}

}  // namespace
}  // namespace outrider::store
