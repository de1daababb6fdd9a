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

TEST(Store, ErasesARange) {
  TemporaryFolder folder;
  auto store = opened(folder / "queue");
  for (const char* key : {"a", "b", "c"}) ASSERT_TRUE(put(*store, key, "1", Durable::Later));
  Batch batch = store->batch();
  batch.erase_range(Table::Meta, "a", "c");
  ASSERT_TRUE(store->write(batch, Durable::Later));
  auto cursor = store->scan(Table::Meta, {});
  ASSERT_FALSE(cursor.at_end());
  EXPECT_EQ(cursor.key(), "c");
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

// A start after a flip in the log: refused with a reason, or with all records whole; what was
// acknowledged is never missing or changed without a word.
TEST(Store, AFlippedBitInTheLogIsFound) {
  TemporaryFolder folder;
  int refused = 0;
  for (int flip = 0; flip < 12; ++flip) {
    const std::string path = folder / ("queue" + std::to_string(flip));
    auto store = opened(path);
    for (int at = 0; at < 20; ++at)
      ASSERT_TRUE(put(*store, "key" + std::to_string(at), std::string(500, 'v')));
    const std::string copy = path + "-copy";
    std::filesystem::copy(path, copy);  // as after a kill
    std::filesystem::permissions(copy, std::filesystem::perms::owner_all);
    store.reset();
    const auto logs = logs_of(copy);
    ASSERT_EQ(logs.size(), 1u);
    std::fstream log(logs[0], std::ios::in | std::ios::out | std::ios::binary);
    const long place = 100 + flip * 613;
    log.seekg(place);
    const char byte = static_cast<char>(log.get() ^ (1 << flip % 8));
    log.seekp(place);
    log.put(byte);
    log.close();

    auto again = Store::open({.path = copy});
    if (!again) {
      ++refused;
      EXPECT_EQ(again.error().place, copy);
      continue;
    }
    for (int at = 0; at < 20; ++at)
      EXPECT_EQ((*again)->read(Table::Meta, "key" + std::to_string(at)), std::string(500, 'v'))
          << at;
  }
  EXPECT_GT(refused, 8);
}

TEST(Store, ATornEndOfTheLogIsWhatAKillLeaves) {
  TemporaryFolder folder;
  auto store = opened(folder / "queue");
  for (int at = 0; at < 20; ++at) ASSERT_TRUE(put(*store, "key" + std::to_string(at), "value"));
  std::filesystem::copy(folder / "queue", folder / "copy");
  std::filesystem::permissions(folder / "copy", std::filesystem::perms::owner_all);
  store.reset();
  const auto logs = logs_of(folder / "copy");
  ASSERT_EQ(logs.size(), 1u);
  std::filesystem::resize_file(logs[0], std::filesystem::file_size(logs[0]) - 5);
  const auto again = opened(folder / "copy");
  ASSERT_TRUE(again);
  EXPECT_EQ(**again->read(Table::Meta, "key18"), "value");
  EXPECT_FALSE((*again->read(Table::Meta, "key19")).has_value());
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
