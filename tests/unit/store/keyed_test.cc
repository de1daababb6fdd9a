#include "outrider/store/keyed.h"

#include <utility>
#include <vector>

#include "temporary_folder.h"

namespace outrider::store {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(KeyedTable, KeepsTablesApart) {
  TemporaryFolder folder;
  auto store = opened(folder / "queue");
  KeyedTable hosts(*store, "hosts"), host(*store, "host");
  ASSERT_TRUE(hosts.put("a", "1", Durable::Later));
  ASSERT_TRUE(host.put("a", "2", Durable::Now));
  ASSERT_TRUE(host.put("s", "3", Durable::Now));
  EXPECT_EQ(**hosts.read("a"), "1");
  EXPECT_EQ(**host.read("a"), "2");
  ASSERT_TRUE(host.erase("a", Durable::Now));
  EXPECT_FALSE((*host.read("a")).has_value());
  EXPECT_EQ(**hosts.read("a"), "1");
}

TEST(KeyedTable, ScansAPrefixInOrderUntilToldToStop) {
  TemporaryFolder folder;
  auto store = opened(folder / "queue");
  KeyedTable table(*store, "t");
  for (const char* key : {"b2", "a1", "b1", "c", "b3"})
    ASSERT_TRUE(table.put(key, std::string(key) + "!", Durable::Later));
  std::vector<std::pair<std::string, std::string>> seen;
  const auto two = [&](std::string_view key, std::string_view value) {
    seen.emplace_back(key, value);
    return seen.size() < 2;
  };
  ASSERT_TRUE(table.scan("b", two));
  EXPECT_THAT(seen, ElementsAre(Pair("b1", "b1!"), Pair("b2", "b2!")));
  int count = 0;
  ASSERT_TRUE(table.scan("", [&](std::string_view, std::string_view) { return ++count; }));
  EXPECT_EQ(count, 5);
}

}  // namespace
}  // namespace outrider::store
