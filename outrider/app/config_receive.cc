// Listeners and local domains.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "outrider/app/config_parts.h"
#include "outrider/app/config_tls.h"
#include "outrider/base/text.h"
#include "outrider/smtp/domain_name.h"
#include "outrider/smtp/grammar.h"

namespace outrider::app {
namespace {

// A setting of [limits], or the listener's own.
const Values& limit(const Making& making, const Values& listener, std::string_view key) {
  return listener.given(key) ? listener : making.document.table("limits");
}

void take_limits(const Making& making, const Values& values, receive::ListenerOptions& listener) {
  const auto number = [&](std::string_view key) { return limit(making, values, key).number(key); };
  const auto seconds = [&](std::string_view key) {
    return limit(making, values, key).seconds(key);
  };
  auto& smtp = listener.smtp;
  smtp.limits = {.command_line = number("command_line"),
                 .recipients = number("recipients"),
                 .message_size = number("message_size"),
                 .errors = number("errors"),
                 .idle_commands = number("idle_commands"),
                 .transactions = number("transactions")};
  smtp.line_ends =
      static_cast<smtp::LineEnds>(limit(making, values, "line_ends").choice("line_ends"));
  listener.header = {number("header_size"), number("header_fields"), number("hops")};
  listener.time = {seconds("connection_time"), seconds("handshake_time"),
                   seconds("proxy_header_time"), seconds("write_time"), seconds("greet_pause")};
}

net::ListenOptions socket_options(Making& making, const Values& values) {
  net::ListenOptions options;
  options.backlog = static_cast<int>(values.number("backlog"));
  const auto text = values.text("socket_mode");
  unsigned mode = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, mode, 8);
  if (read.ec != std::errc() || read.ptr != end || mode > 0777) {
    making.complain(values, "socket_mode",
                    fmt::format("\"{}\" is no mode as \"0660\"", printable(text)));
  } else {
    options.unix_mode = mode;
  }
  return options;
}

// What two listeners cannot share.
void check_unique(Making& making) {
  std::set<std::string> names, addresses;
  for (const auto& listener : making.config.listeners) {
    const auto address = listener.address.text();
    if (!names.insert(listener.name).second) {
      making.errors.push_back({Blame::Operator,
                               fmt::format("two listeners are named {}", printable(listener.name)),
                               "", listener.place});
    }
    if (!addresses.insert(address).second) {
      making.errors.push_back({Blame::Operator,
                               fmt::format("two listeners have the address {}", printable(address)),
                               "", listener.place});
    }
  }
}

void take_listener(Making& making, const Values& values) {
  auto text = values.text("address");
  if (text.starts_with("unix:")) text = "unix:" + beside(making.document.file, text.substr(5));
  const auto address = net::ListenAddress::parse(text);
  if (!address) {
    making.complain(values, "address",
                    text.empty()
                        ? "is needed"
                        : fmt::format("\"{}\" is no address as \"0.0.0.0:25\"", printable(text)));
    return;
  }
  receive::ListenerOptions listener;
  listener.name = values.text("name").empty() ? text : values.text("name");
  listener.role = static_cast<receive::Role>(values.choice("role"));
  take_limits(making, values, listener);
  take_listener_tls(making, values, listener);
  listener.proxy_protocol = values.flag("proxy_protocol");
  listener.proxy_trusted = networks(making, values, "proxy_trusted");
  if (listener.proxy_protocol && listener.proxy_trusted.empty() && address->where.index() == 0) {
    making.complain(values, "proxy_protocol",
                    "needs proxy_trusted: who may say whom it speaks for");
  }
  listener.smtp.hostname = making.config.hostname;
  listener.smtp.greeting = printable(values.text("greeting"));
  listener.smtp.lmtp = listener.role == receive::Role::Lmtp;
  listener.smtp.offer_starttls = listener.tls == receive::TlsMode::StartTls;
  listener.smtp.offer_smtputf8 = values.flag("smtputf8");
  listener.smtp.offer_chunking = values.flag("chunking");
  listener.smtp.offer_require_tls = values.flag("requiretls");
  listener.smtp.heritage = values.flag("heritage");
  listener.smtp.answer_vrfy = listener.smtp.heritage || values.flag("vrfy");
  listener.smtp.answer_expn = listener.smtp.heritage || values.flag("expn");
  listener.utmp = values.text("utmp");
  if (listener.smtp.heritage && listener.role == receive::Role::Lmtp)
    making.complain(values, "heritage", "is of SMTP, and this listener speaks LMTP");
  take_inbound_policy(making, values, *address, listener);
  making.config.listeners.push_back({listener.name, *address, socket_options(making, values),
                                     find_group(making, values, "socket_group"),
                                     values.place("address")});
  making.config.receive.listeners.push_back(std::move(listener));
}

// `users`: local-parts, "*", and files (texts with a slash).
void take_users(Making& making, const Values& values, receive::DomainOptions& domain) {
  for (const auto& user : values.list("users")) {
    if (user == "*") {
      domain.any_user = true;
    } else if (!user.contains('/')) {
      domain.users.push_back(user);
    } else if (domain.users_file.empty()) {
      domain.users_file = beside(making.document.file, user);
    } else {
      making.complain(values, "users", "one file of users is enough");
    }
  }
}

}  // namespace

void take_listeners(Making& making) {
  for (const Values& values : making.document.list("listener")) take_listener(making, values);
  check_unique(making);
  if (making.document.list("listener").empty()) {
    making.config.warnings.push_back(making.config.file +
                                     ": no [[listener]]: no mail will be taken");
  }
  auto& receive = making.config.receive;
  take_known_clients(making);
  const auto& limits = making.document.table("limits");
  receive.limits = {.connections = limits.number("connections"),
                    .connections_per_network = limits.number("connections_per_network"),
                    .network_prefix_v4 = static_cast<unsigned>(limits.number("network_prefix_v4")),
                    .network_prefix_v6 = static_cast<unsigned>(limits.number("network_prefix_v6")),
                    .log_refusals = limits.number("log_refusals")};
}

void take_domains(Making& making) {
  receive::LocalDomainsOptions options;
  options.hostname = making.config.hostname;
  for (const Values& values : making.document.list("domain")) {
    receive::DomainOptions domain;
    const auto name = smtp::to_a_labels(values.text("name"), true);
    if (!name) {
      making.complain(values, "name", values.given("name") ? "is no domain name" : "is needed");
      continue;
    }
    domain.name = *name;
    take_users(making, values, domain);
    domain.aliases_file = values.text("aliases");
    domain.catch_all = values.text("catch_all");
    domain.recipient_delimiter = values.text("recipient_delimiter");
    domain.case_sensitive = values.flag("case_sensitive");
    options.domains.push_back(std::move(domain));
  }
  auto domains = receive::LocalDomains::load(options);
  if (!domains) {
    making.errors.push_back(domains.error());
    return;
  }
  making.config.receive.domains = *domains;
}

}  // namespace outrider::app
