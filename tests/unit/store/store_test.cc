#include "outrider/store/store.h"

#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <vector>

#include "temporary_folder.h"

namespace outrider::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<void> put(Store& store, const std::string& key, const std::string& value,
                 Durable durable = Durable::Now) {
  Batch batch = store.batch();
  batch.put(Table::Meta, key, value);
  return store.write(batch, durable);
}

TEST(Store, KeepsWhatWasWritten) {
  TemporaryFolder folder;
  auto store = opened(folder / "queue");
  Batch batch = store->batch();
  EXPECT_TRUE(batch.empty());
  batch.put(Table::Meta, "k", "meta");
  batch.put(Table::Body, "k", std::string(300'000, 'b'));
  batch.put(Table::Keyed, "gone", "x");
  batch.erase(Table::Keyed, "gone");
  EXPECT_GT(batch.bytes(), 300'000u);
  ASSERT_TRUE(store->write(batch, Durable::Now));
  batch.clear();
  EXPECT_TRUE(batch.empty());
  store.reset();
  store = opened(folder / "queue");
  EXPECT_EQ(**store->read(Table::Meta, "k"), "meta");
  EXPECT_EQ((*store->read(Table::Body, "k"))->size(), 300'000u);
  EXPECT_FALSE((*store->read(Table::Keyed, "gone")).has_value());
  EXPECT_FALSE((*store->read(Table::Meta, "other")).has_value());
}

TEST(Store, ScansARangeAsItWasAtThatMoment) {
  TemporaryFolder folder;
  auto store = opened(folder / "queue");
  for (const char* key : {"a", "b", "c", "d"}) ASSERT_TRUE(put(*store, key, "1", Durable::Later));
  auto cursor = store->scan(Table::Meta, "b", "d");
  ASSERT_TRUE(put(*store, "bb", "2"));
  std::vector<std::string> keys;
  for (; !cursor.at_end(); cursor.next()) keys.emplace_back(cursor.key());
  EXPECT_THAT(keys, ElementsAre("b", "c"));
  EXPECT_TRUE(cursor.status());
}

TEST(Store, SyncsOnlyWhereItIsAsked) {
  TemporaryFolder folder;
  auto store = opened(folder / "queue");
  const auto before = store->syncs();
  ASSERT_TRUE(put(*store, "a", "1", Durable::Later));
  EXPECT_EQ(store->syncs(), before);
  ASSERT_TRUE(put(*store, "b", "1", Durable::Now));
  ASSERT_TRUE(store->sync());
  EXPECT_EQ(store->syncs(), before + 2);
}

std::vector<std::string> logs_of(const std::string& path) {
  std::vector<std::string> logs;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".log" && entry.file_size() > 0) logs.push_back(entry.path());
  }
  return logs;
}

class Log : public testing::Test {
 protected:
  static void put_all(Store& store, const std::string& name, Durable durable) {
    for (int at = 0; at < 20; ++at)
      ASSERT_TRUE(put(store, name + std::to_string(at), std::string(500, 'v'), durable));
  }
  static int count(Store& store, const std::string& name) {
    int found = 0;
    for (int at = 0; at < 20; ++at) {
      const auto value = store.read(Table::Meta, name + std::to_string(at));
      EXPECT_TRUE(!*value || **value == std::string(500, 'v'));
      found += value->has_value();
    }
    return found;
  }
  /// As after a kill, in a folder of its own. Gives its only log.
  std::string copy_of(const std::string& path) {
    std::filesystem::copy(path, copy_);
    std::filesystem::permissions(copy_, std::filesystem::perms::owner_all);
    const auto logs = logs_of(copy_);
    EXPECT_EQ(logs.size(), 1u);
    return logs.at(0);
  }
  static void flip(const std::string& file, std::uint64_t place) {
    std::fstream log(file, std::ios::in | std::ios::out | std::ios::binary);
    log.seekg(static_cast<std::streamoff>(place));
    const char byte = static_cast<char>(log.get() ^ 16);
    log.seekp(static_cast<std::streamoff>(place));
    log.put(byte);
  }

  TemporaryFolder folder_;
  const std::string copy_ = folder_ / "copy";
};

// What was acknowledged is never missing or changed without a word.
TEST_F(Log, AFlippedBitInWhatWasSyncedIsRefused) {
  auto store = opened(folder_ / "queue");
  put_all(*store, "synced", Durable::Now);
  put_all(*store, "later", Durable::Later);
  for (const std::uint64_t place : {100u, 1300u, 5000u, 9999u}) {
    flip(copy_of(folder_ / "queue"), place);
    const auto again = Store::open({.path = copy_});
    ASSERT_FALSE(again) << place;
    EXPECT_EQ(again.error().place, copy_);
    EXPECT_THAT(again.error().text(), HasSubstr("acknowledged"));
    std::filesystem::remove_all(copy_);
  }
}

// A power cut writes what no sync has covered in any order, or not at all.
TEST_F(Log, APieceMissingBehindTheLastSyncIsLeftOut) {
  auto store = opened(folder_ / "queue");
  put_all(*store, "synced", Durable::Now);
  put_all(*store, "later", Durable::Later);
  const std::string log = copy_of(folder_ / "queue");
  flip(log, std::filesystem::file_size(log) * 3 / 4);
  EXPECT_FALSE(opened(folder_ / "other")->cut().size());
  {
    const auto again = opened(copy_);
    ASSERT_TRUE(again);
    EXPECT_THAT(again->cut(), HasSubstr("checksum mismatch"));
    EXPECT_EQ(count(*again, "synced"), 20);
    EXPECT_THAT(count(*again, "later"), testing::AllOf(testing::Gt(5), testing::Lt(20)));
    put_all(*again, "new", Durable::Now);
  }
  const auto third = opened(copy_);
  EXPECT_EQ(third->cut(), "");
  EXPECT_EQ(count(*third, "new"), 20);
}

TEST_F(Log, WithoutAMarkTheDamageCountsAsThatOfAPowerCut) {
  auto store = opened(folder_ / "queue");
  put_all(*store, "synced", Durable::Now);
  for (const char* mark : {"", "garbage\n", "00000000000000zz\n"}) {
    flip(copy_of(folder_ / "queue"), 5000);
    std::ofstream(copy_ + "/synced") << mark;
    {
      const auto again = opened(copy_);
      ASSERT_TRUE(again);
      EXPECT_NE(again->cut(), "");
    }
    std::filesystem::remove_all(copy_);
  }
}

TEST_F(Log, ATornEndIsWhatAKillLeaves) {
  auto store = opened(folder_ / "queue");
  put_all(*store, "synced", Durable::Now);
  put_all(*store, "later", Durable::Later);
  const std::string log = copy_of(folder_ / "queue");
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 5);
  const auto again = opened(copy_);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->cut(), "");
  EXPECT_EQ(count(*again, "synced"), 20);
  EXPECT_EQ(count(*again, "later"), 19);
}

// A file system that lost the end of a file after its sync.
TEST_F(Log, AnEndThatWasSyncedAndIsGoneIsTold) {
  auto store = opened(folder_ / "queue");
  put_all(*store, "synced", Durable::Now);
  const std::string log = copy_of(folder_ / "queue");
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 5);
  const auto again = opened(copy_);
  ASSERT_TRUE(again);
  EXPECT_THAT(again->cut(), HasSubstr("acknowledged"));
  EXPECT_EQ(count(*again, "synced"), 19);
}

class SmallDisk : public testing::Test {
 protected:
  void SetUp() override {
    path_ = folder_ / "disk";
    ASSERT_EQ(mkdir(path_.c_str(), 0700), 0);
    mounted_ = mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=24m,mode=0700") == 0;
    if (!mounted_) GTEST_SKIP() << "needs the right to mount a tmpfs";
  }
  void TearDown() override {
    if (mounted_) umount2(path_.c_str(), MNT_DETACH);
  }
  TemporaryFolder folder_;
  std::string path_;
  bool mounted_ = false;
};

TEST_F(SmallDisk, AFullDiskIsAnErrorAndNothingThatWasWrittenIsLost) {
  auto store = opened(path_ + "/queue");
  int written = 0;
  Batch batch = store->batch();
  for (; written < 1000; ++written) {
    batch.clear();
    batch.put(Table::Body, "key" + std::to_string(written), std::string(100'000, 'x'));
    if (!store->write(batch, Durable::Now)) break;
  }
  ASSERT_LT(written, 1000);
  EXPECT_TRUE(store->failing());
  for (int at = 0; at < written; ++at)
    EXPECT_TRUE((*store->read(Table::Body, "key" + std::to_string(at))).has_value());

  ASSERT_EQ(mount("tmpfs", path_.c_str(), "tmpfs", MS_REMOUNT, "size=200m"), 0);
  // RocksDB may be recovering by itself just now, and is busy then.
  for (int tries = 0; !store->resume(); ++tries) {
    ASSERT_LT(tries, 1000);
    usleep(10'000);
  }
  EXPECT_FALSE(store->failing());
  EXPECT_TRUE(put(*store, "after", "1"));
  store.reset();
  store = opened(path_ + "/queue");
  ASSERT_TRUE(store);
  for (int at = 0; at < written; ++at)
    EXPECT_TRUE((*store->read(Table::Body, "key" + std::to_string(at))).has_value());
  EXPECT_EQ(**store->read(Table::Meta, "after"), "1");
}

}  // namespace
}  // namespace outrider::store
