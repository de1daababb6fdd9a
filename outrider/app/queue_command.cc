#include "outrider/app/queue_command.h"

#include <fmt/format.h>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <utility>

#include "outrider/app/ask.h"
#include "outrider/app/exit_code.h"
#include "outrider/app/print.h"
#include "outrider/base/clock.h"
#include "outrider/base/text.h"

namespace outrider::app {
namespace json = boost::json;
namespace {

json::object with_filter(const QueueRequest& request, std::string_view command) {
  json::object question{{"command", command}};
  if (!request.ids.empty()) {
    json::array ids;
    for (const auto& id : request.ids) ids.push_back(json::value(id));
    question["ids"] = std::move(ids);
  }
  if (!request.sender.empty()) question["sender"] = request.sender;
  if (!request.recipient.empty()) question["recipient"] = request.recipient;
  if (!request.destination.empty()) question["destination"] = request.destination;
  if (request.held_only) question["held"] = true;
  if (request.for_tls) question["waits_for_tls"] = true;
  return question;
}

std::string shown_size(std::int64_t size) {
  if (size < 10 * 1024) return fmt::format("{} B", size);
  if (size < 10 * 1024 * 1024) return fmt::format("{} KiB", size / 1024);
  return fmt::format("{} MiB", size / 1024 / 1024);
}

void show_recipients(const json::object& item) {
  for (const auto& value : item.at("recipients").as_array()) {
    const auto& recipient = value.as_object();
    const auto status = text(recipient, "status");
    print(fmt::format("{:16}{}{}\n", "", printable(text(recipient, "address")),
                      status == "pending" ? "" : " (" + status + ")"));
    const auto reply = text(recipient, "reply");
    const auto remote = text(recipient, "remote");
    if (!reply.empty()) {
      print(fmt::format("{:18}{}{}\n", "", remote.empty() ? "" : printable(remote) + " said: ",
                        printable(reply, 500)));
    }
  }
}

// As mailq: `*` is being delivered, `!` is held; `T` waits for security alone.
void show_item(const json::object& item) {
  const auto id = text(item, "id");
  const char mark = flag(item, "held")            ? '!'
                    : flag(item, "active")        ? '*'
                    : flag(item, "waits_for_tls") ? 'T'
                                                  : ' ';
  const auto sender = text(item, "sender");
  print(fmt::format("{}{}  {:>8}  {}  <{}>", id, mark, shown_size(number(item, "size")),
                    text(item, "arrived").substr(0, 19), printable(sender)));
  if (number(item, "attempts") > 0) print(fmt::format("  {} attempts", number(item, "attempts")));
  const auto next = text(item, "next_attempt");
  if (!next.empty() && !flag(item, "held")) print("  next " + next.substr(0, 19));
  print("\n");
  show_recipients(item);
}

}  // namespace

int queue_list(const QueueRequest& request) {
  auto question = with_filter(request, "queue.list");
  question["limit"] = request.limit;
  if (!request.after.empty()) question["after"] = request.after;
  const auto [answer, code] = ask(request.socket, request.json, question);
  if (!answer || request.json) return code;
  const auto& items = answer->at("items").as_array();
  for (const auto& item : items) show_item(item.as_object());
  const auto& counts = answer->at("counts").as_object();
  if (items.size() == request.limit) {
    print(fmt::format("-- more: outrider queue list --after {}\n",
                      text(items.back().as_object(), "id")));
  }
  print(fmt::format("-- {} in the queue, {} held, {} waiting for TLS, {}\n",
                    number(counts, "messages"), number(counts, "held"),
                    number(counts, "waits_for_tls"), shown_size(number(counts, "bytes"))));
  return code;
}

int queue_show(const QueueRequest& request) {
  json::object question{{"command", "queue.show"}, {"id", request.ids.front()}};
  if (request.content) question["bytes"] = 64 << 20;
  const auto [answer, code] = ask(request.socket, request.json, question);
  if (!answer) return code;
  if (!request.json) {
    show_item(answer->at("item").as_object());
    print("\n" + text(*answer, "content"));
  }
  const auto unread = text(*answer, "content_error");
  if (unread.empty()) return code;
  print_error("the content cannot be read: " + unread);
  return exit_data;
}

int queue_act(const QueueRequest& request, const std::string& action) {
  const bool chosen = !request.ids.empty() || !request.sender.empty() ||
                      !request.recipient.empty() || !request.destination.empty() || request.all;
  if (!chosen) {
    print_error("say which messages: ids, --sender, --recipient, --destination, or --all");
    return exit_usage;
  }
  auto question = with_filter(request, "queue.apply");
  question["action"] = action;
  if (request.all) question["all"] = true;
  const auto [answer, code] = ask(request.socket, request.json, question);
  if (!answer || request.json) return code;
  print(fmt::format("{}: {} messages\n", action, number(*answer, "messages")));
  return code;
}

int server_status(const QueueRequest& request) {
  const auto [answer, code] = ask(request.socket, request.json, {{"command", "status"}});
  if (!answer || request.json) return code;
  for (const auto& [key, value] : *answer) {
    if (key != "ok")
      print(fmt::format("{:12} {}\n", std::string_view(key), json::serialize(value)));
  }
  return code;
}

int server_reload(const QueueRequest& request) {
  const auto [answer, code] = ask(request.socket, request.json, {{"command", "reload"}});
  if (answer && !request.json) print("reloaded\n");
  return code == exit_data ? int{exit_config} : code;
}

}  // namespace outrider::app
