#include "outrider/console/requests.h"

#include <fmt/format.h>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <array>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <utility>

#include "outrider/base/text.h"

namespace outrider::console {
namespace asio = boost::asio;
namespace json = boost::json;
namespace {

constexpr std::size_t most_items = 1000;
constexpr std::size_t most_content = 64 << 20;

struct NamedAction {
  std::string_view name;
  queue::Action action;
};
constexpr std::array actions_by_name{
    NamedAction{"hold", queue::Action::Hold}, NamedAction{"release", queue::Action::Release},
    NamedAction{"retry", queue::Action::Retry}, NamedAction{"remove", queue::Action::Remove}};

std::string_view name(mail::RecipientStatus status) {
  switch (status) {
    case mail::RecipientStatus::Pending: return "pending";
    case mail::RecipientStatus::Delivered: return "delivered";
    case mail::RecipientStatus::Relayed: return "relayed";
    case mail::RecipientStatus::Failed: return "failed";
    case mail::RecipientStatus::Expanded: return "expanded";
  }
  return "";
}

std::unexpected<Error> bad(std::string what) {
  return fail(Blame::Operator, std::move(what), "console request");
}

std::string text_of(const json::object& request, std::string_view key) {
  const auto* value = request.if_contains(key);
  if (!value || !value->is_string()) return {};
  return std::string(value->get_string());
}

std::uint64_t number_of(const json::object& request, std::string_view key,
                        std::uint64_t otherwise) {
  const auto* value = request.if_contains(key);
  if (!value) return otherwise;
  boost::system::error_code error;
  const auto number = value->to_number<std::uint64_t>(error);
  return error ? otherwise : number;
}

json::object failure(const Error& error) { return {{"ok", false}, {"error", error.text()}}; }

awaitable<json::object> list(const json::object& request, queue::Queue& queue) {
  const auto filter = filter_of(request);
  if (!filter) co_return failure(filter.error());
  const auto after = MessageId::parse(text_of(request, "after")).value_or(MessageId{});
  const auto limit = std::min<std::uint64_t>(number_of(request, "limit", 100), most_items);
  const auto items = co_await queue.list(*filter, after, limit);
  if (!items) co_return failure(items.error());
  json::array array;
  for (const auto& item : *items) array.push_back(item_to_json(item));
  const auto counts = queue.counts();
  json::object answer{{"ok", true}, {"items", std::move(array)}};
  answer["counts"] = json::object{{"messages", counts.messages},     {"held", counts.held},
                                  {"waits_for_tls", counts.for_tls}, {"active", counts.active},
                                  {"deferred", counts.deferred},     {"bytes", counts.bytes}};
  co_return answer;
}

awaitable<json::object> show(const json::object& request, queue::Queue& queue) {
  const auto id = MessageId::parse(text_of(request, "id"));
  if (!id)
    co_return failure(
        bad("\"" + printable(text_of(request, "id")) + "\" is no message id").error());
  queue::Filter filter;
  filter.ids = {*id};
  const auto items = co_await queue.list(filter, MessageId{}, 1);
  if (!items) co_return failure(items.error());
  if (items->empty()) co_return failure(bad("no message " + id->text() + " in the queue").error());
  const auto content = co_await queue.content(
      *id, std::min<std::uint64_t>(number_of(request, "bytes", 64 << 10), most_content));
  json::object answer{{"ok", true}, {"item", item_to_json(items->front())}};
  if (content)
    answer["content"] = *content;
  else
    answer["content_error"] = content.error().text();
  co_return answer;
}

awaitable<json::object> act(const json::object& request, queue::Queue& queue, Log& log,
                            const std::string& who) {
  const auto named = text_of(request, "action");
  const auto at = std::ranges::find(actions_by_name, named, &NamedAction::name);
  if (at == actions_by_name.end())
    co_return failure(bad("no action \"" + printable(named) + "\"").error());
  const auto filter = filter_of(request);
  if (!filter) co_return failure(filter.error());
  const auto* all = request.if_contains("all");
  if (*filter == queue::Filter{} && !(all && all->is_bool() && all->get_bool())) {
    co_return failure(bad("no filter, and \"all\" is not true").error());
  }
  const auto done = co_await queue.apply(at->action, *filter);
  if (!done) co_return failure(done.error());
  log.info("operator").field("action", named).field("messages", *done).field("who", who);
  co_return json::object{{"ok", true}, {"messages", *done}};
}

// Waits for the thread that reloads, which tells how it went.
awaitable<json::object> reload(const Actions& actions) {
  const auto executor = co_await asio::this_coro::executor;
  const auto begin = [&actions, executor](auto handler) {
    // A std::function is copied, the handler cannot be.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    actions.reload([shared, executor](std::vector<std::string> errors) {
      asio::post(executor, [shared, errors = std::move(errors)]() mutable {
        std::move (*shared)(std::move(errors));
      });
    });
  };
  using Signature = void(std::vector<std::string>);
  const auto errors = co_await asio::async_initiate<asio::use_awaitable_t<> const, Signature>(
      begin, asio::use_awaitable);
  json::object answer{{"ok", errors.empty()}};
  if (errors.empty()) co_return answer;
  json::array list;
  for (const auto& error : errors) list.push_back(json::value(error));
  answer["error"] = "the configuration was refused; the old one stays";
  answer["errors"] = std::move(list);
  co_return answer;
}

constexpr std::array<std::string_view, 5> not_of_filters{"command", "action", "all", "after",
                                                         "limit"};

std::string* text_part(queue::Filter& filter, std::string_view key) {
  if (key == "sender") return &filter.sender;
  if (key == "recipient") return &filter.recipient;
  return key == "destination" ? &filter.destination : nullptr;
}

Result<std::vector<MessageId>> ids_of(const json::array& values) {
  std::vector<MessageId> ids;
  for (const auto& value : values) {
    const auto text = value.is_string() ? std::string(value.get_string()) : json::serialize(value);
    const auto id = MessageId::parse(text);
    if (!id) return bad("\"" + printable(text) + "\" is no message id");
    ids.push_back(*id);
  }
  return ids;
}

}  // namespace

std::string failed(std::string_view why) {
  return json::serialize(json::object{{"ok", false}, {"error", why}});
}

json::object item_to_json(const queue::Item& item) {
  json::array recipients;
  for (const auto& recipient : item.envelope.recipients) {
    json::object each{{"address", recipient.address.text()}, {"status", name(recipient.status)}};
    if (!recipient.route.empty()) each["route"] = recipient.route;
    if (!recipient.reply.empty()) each["reply"] = recipient.reply;
    if (!recipient.remote.empty()) each["remote"] = recipient.remote;
    recipients.push_back(std::move(each));
  }
  json::object out{{"id", item.id.text()},
                   {"sender", item.envelope.reverse_path.text()},
                   {"size", item.envelope.size},
                   {"arrived", rfc3339(item.envelope.arrived)},
                   {"held", item.held},
                   {"active", item.active},
                   {"waits_for_tls", item.for_tls},
                   {"attempts", item.attempts}};
  if (item.next_attempt != Time{}) out["next_attempt"] = rfc3339(item.next_attempt);
  if (!item.envelope.reverse_route.empty()) out["reverse_route"] = item.envelope.reverse_route;
  out["client"] = item.envelope.origin.client;
  out["tls"] = item.envelope.origin.tls;
  out["recipients"] = std::move(recipients);
  return out;
}

// A part that is misspelled or of another type would match all messages: it is refused instead.
Result<queue::Filter> filter_of(const json::object& request) {
  queue::Filter filter;
  for (const auto& part : request) {
    const std::string_view key(part.key().data(), part.key().size());
    const auto& value = part.value();
    if (key == "ids" && value.is_array()) {
      auto ids = ids_of(value.get_array());
      if (!ids) return std::unexpected(ids.error());
      filter.ids = std::move(*ids);
    } else if (key == "held" && value.is_bool()) {
      filter.held = value.get_bool();
    } else if (key == "waits_for_tls" && value.is_bool()) {
      filter.for_tls = value.get_bool();
    } else if (const auto text = text_part(filter, key); text && value.is_string()) {
      text->assign(value.get_string());
    } else if (std::ranges::find(not_of_filters, key) == not_of_filters.end()) {
      return bad("\"" + printable(key) + "\" is no part of a filter, or of another type");
    }
  }
  return filter;
}

awaitable<std::string> answer(std::string request, queue::Queue& queue, const Actions& actions,
                              Log& log, std::string who) {
  boost::system::error_code error;
  const auto parsed = json::parse(request, error);
  json::object answer;
  if (error || !parsed.is_object()) {
    answer = failure(bad("not a JSON object").error());
    co_return json::serialize(answer);
  }
  const auto& object = parsed.get_object();
  const auto command = text_of(object, "command");
  if (command == "queue.list") {
    answer = co_await list(object, queue);
  } else if (command == "queue.show") {
    answer = co_await show(object, queue);
  } else if (command == "queue.apply") {
    answer = co_await act(object, queue, log, who);
  } else if (command == "reload") {
    log.info("operator").field("action", "reload").field("who", who);
    answer = co_await reload(actions);
  } else if (command == "status") {
    auto status = json::parse(actions.status());
    answer = std::move(status.get_object());
    answer["ok"] = true;
  } else {
    if (actions.others) {
      auto said = co_await actions.others(request, who);
      if (said) co_return std::move(*said);
    }
    answer = failure(bad("no command \"" + printable(command) + "\"").error());
  }
  co_return json::serialize(answer);
}

}  // namespace outrider::console
