#include "outrider/receive/policy_site.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/net/stream.h"

namespace outrider::receive {
namespace {

using boost::asio::awaitable;
using std::chrono::seconds;

constexpr std::string_view path = "/.well-known/mta-sts.txt";
constexpr std::size_t most_head = 8192;
constexpr seconds patience{10};

std::string answer(std::string_view status, std::string_view body, bool with_body,
                   std::string_view more = "") {
  return fmt::format(
      "HTTP/1.1 {}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\n"
      "Connection: close\r\nX-Content-Type-Options: nosniff\r\n{}\r\n{}",
      status, body.size(), more, with_body ? body : std::string_view());
}

std::string refusal(std::string_view status, std::string_view more = "") {
  return answer(status, std::string(status) + "\r\n", true, more);
}

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

// Nothing: there is not exactly one, or a field is malformed (RFC 9112 §3.2, §5.1).
std::optional<std::string> host_of(std::string_view fields) {
  std::optional<std::string> host;
  while (!fields.empty()) {
    const auto line = take_line(fields);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || line[colon - 1] == ' ' ||
        line.front() == ' ' || line.front() == '\t') {
      return std::nullopt;
    }
    if (!iequals(line.substr(0, colon), "Host")) continue;
    if (host) return std::nullopt;
    auto value = trim(line.substr(colon + 1));
    value = value.substr(0, value.find(':'));
    if (value.ends_with('.')) value.remove_suffix(1);
    host = to_lower(value);
  }
  return host;
}

struct Request {
  std::string_view method, target, version;
};

std::optional<Request> request_of(std::string_view line) {
  const auto first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  Request request{line.substr(0, first), line.substr(first + 1, last - first - 1),
                  line.substr(last + 1)};
  const bool is_known = request.version == "HTTP/1.1" || request.version == "HTTP/1.0";
  return is_known && !request.target.contains(' ') ? std::optional(request) : std::nullopt;
}

// Until the empty line; nothing: it did not come in time, or is too long.
awaitable<std::optional<std::string>> read_head(net::Stream& stream) {
  std::string head;
  std::array<char, 1024> part;
  const Steady end = steady_now() + patience;
  while (!head.contains("\r\n\r\n")) {
    const auto left = std::chrono::duration_cast<seconds>(end - steady_now());
    if (head.size() > most_head || left <= seconds(0)) co_return std::nullopt;
    const Result<std::size_t> count = co_await stream.read_some(part, left);
    if (!count || *count == 0) co_return std::nullopt;
    head.append(part.data(), *count);
  }
  co_return head;
}

}  // namespace

std::string policy_answer(std::string_view head, const ServedPolicies& policies) {
  std::string_view rest = head;
  const auto request = request_of(take_line(rest));
  if (!request) return refusal("400 Bad Request");
  const auto host = host_of(rest);
  if (!host) return refusal("400 Bad Request");
  const bool is_head = request->method == "HEAD";
  if (!is_head && request->method != "GET") {
    return refusal("405 Method Not Allowed", "Allow: GET, HEAD\r\n");
  }
  constexpr std::string_view prefix = "mta-sts.";
  const auto at =
      host->starts_with(prefix) ? policies.find(host->substr(prefix.size())) : policies.end();
  if (request->target != path || at == policies.end()) return refusal("404 Not Found");
  return answer("200 OK", at->second, !is_head);
}

awaitable<void> serve_policy(std::shared_ptr<Reception> reception,
                             std::shared_ptr<const Options> options,
                             const ListenerOptions& listener, net::Accepted accepted) {
  net::Stream stream(accepted.thread, accepted.fd);
  std::string_view setting;
  const auto address = accepted.peer ? std::optional(accepted.peer->address) : std::nullopt;
  const auto place = reception->counts.enter(address, options->limits, setting);
  if (!place || !listener.tls_context) co_return;
  const Result<TlsFacts> facts = co_await stream.accept_tls(listener.tls_context, patience);
  if (!facts) co_return;
  const std::optional<std::string> head = co_await read_head(stream);
  if (!head) co_return;
  static const ServedPolicies none;
  const std::string wire = policy_answer(*head, options->policies ? *options->policies : none);
  co_await stream.write(wire, patience);
  co_await stream.shutdown();
  reception->log.debug("policy_served")
      .field("listener", listener.name)
      .field("client", accepted.peer ? accepted.peer->text() : "local")
      .field("host", facts->sni)
      .field("status", wire.substr(9, 3));
}

}  // namespace outrider::receive
