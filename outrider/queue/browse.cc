// The queue from outside: records straight from disk, on a reader's thread.
#include <algorithm>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/queue/core.h"
#include "outrider/queue/filter.h"
#include "outrider/queue/loading.h"

namespace outrider::queue {
namespace {

using store::Table;

// Messages changed by one operation: others get their turn in between.
constexpr std::size_t slice_messages = 500;

struct Page {
  std::vector<Record> records;
  Result<void> status;
};

// Records that cannot be read are left out; whoever delivers will meet and report them.
void take_if_meant(const Core& core, const Filter& filter, MessageId id, std::string_view bytes,
                   Page& page) {
  auto record = decode(bytes, id);
  if (record && matches(filter, *record, core.options.destination_of))
    page.records.push_back(std::move(*record));
}

void page_of_ids(const Core& core, const Filter& filter, MessageId after, std::size_t limit,
                 Page& page) {
  std::vector<MessageId> ids = filter.ids;
  std::ranges::sort(ids);
  const auto repeated = std::ranges::unique(ids);
  ids.erase(repeated.begin(), repeated.end());
  for (const MessageId id : ids) {
    if (id <= after) continue;
    if (page.records.size() >= limit) return;
    const auto bytes = core.store->read(Table::Meta, message_key(id));
    if (!bytes)
      page.status = std::unexpected(bytes.error());
    else if (*bytes)
      take_if_meant(core, filter, id, **bytes, page);
  }
}

Page read_page(const Core& core, const Filter& filter, MessageId after, std::size_t limit) {
  Page page;
  if (!filter.ids.empty()) {
    page_of_ids(core, filter, after, limit, page);
    return page;
  }
  if (after.value == UINT64_MAX) return page;
  auto cursor = core.store->scan(Table::Meta, message_key({after.value + 1}));
  for (; !cursor.at_end() && page.records.size() < limit; cursor.next()) {
    if (const auto id = message_of_key(cursor.key()))
      take_if_meant(core, filter, *id, cursor.value(), page);
  }
  page.status = cursor.status();
  return page;
}

Result<std::string> read_all(const Core& core, MessageId id, std::size_t limit) {
  const auto bytes = core.store->read(Table::Meta, message_key(id));
  if (!bytes) return std::unexpected(bytes.error());
  if (!*bytes) return fail(Blame::Operator, "no such message", {}, id.text());
  const auto record = decode(**bytes, id);
  if (!record) return std::unexpected(record.error());
  std::string content;
  for (std::uint32_t number = 0; number < record->content.chunks && content.size() < limit;
       ++number) {
    const auto chunk = read_chunk(core, id, record->content, number);
    if (!chunk) return std::unexpected(chunk.error());
    if (!*chunk) return fail(Blame::Environment, "a part of the content is missing", {}, id.text());
    content.append(**chunk, 0, limit - content.size());
  }
  return content;
}

}  // namespace

awaitable<Result<std::vector<Item>>> list_items(std::shared_ptr<Core> core, Filter filter,
                                                MessageId after, std::size_t limit) {
  Page page;
  auto work = [&] { page = read_page(*core, filter, after, limit); };
  co_await on_pool(core->readers, work);
  if (!page.status) co_return std::unexpected(page.status.error());
  std::vector<Item> items;
  items.reserve(page.records.size());
  for (Record& record : page.records) {
    const bool active = core->active.contains(record.id);
    items.push_back(item_of(std::move(record), active));
  }
  co_return items;
}

awaitable<Result<std::string>> read_content(std::shared_ptr<Core> core, MessageId id,
                                            std::size_t limit) {
  Result<std::string> content;
  auto work = [&] { content = read_all(*core, id, limit); };
  co_await on_pool(core->readers, work);
  co_return content;
}

awaitable<Result<std::uint64_t>> apply_action(std::shared_ptr<Core> core, Action action,
                                              Filter filter) {
  std::uint64_t count = 0;
  MessageId after;
  for (;;) {
    Page page;
    auto work = [&] { page = read_page(*core, filter, after, slice_messages); };
    co_await on_pool(core->readers, work);
    if (!page.status) co_return std::unexpected(page.status.error());
    if (page.records.empty()) co_return count;
    Operated operated;
    operated.action = action;
    operated.count = &count;
    for (const Record& record : page.records) operated.ids.push_back(record.id);
    after = operated.ids.back();
    const auto done = co_await written(*core, operated);
    if (!done) co_return std::unexpected(done.error());
  }
}

}  // namespace outrider::queue
