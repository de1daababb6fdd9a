#include "outrider/app/config.h"

#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <sstream>
#include <thread>
#include <utility>

#include "outrider/app/config_parts.h"
#include "outrider/base/text.h"
#include "outrider/smtp/domain_name.h"
#include "outrider/smtp/grammar.h"

namespace outrider::app {

void Making::complain(const Values& values, std::string_view key, std::string what) {
  if (values.broken(key)) return;  // its value is a default that nobody wrote
  errors.push_back({Blame::Operator, fmt::format("{}: {}", key, what), "", values.place(key)});
}

void Making::complain(const Values& values, std::string_view key, const Error& error) {
  complain(values, key, error.text());
}

std::optional<gid_t> find_group(Making& making, const Values& values, std::string_view key) {
  const auto name = values.text(key);
  if (name.empty()) return std::nullopt;
  const group* entry = ::getgrnam(name.c_str());
  if (!entry) {
    making.complain(values, key, fmt::format("there is no group \"{}\"", printable(name)));
    return std::nullopt;
  }
  return entry->gr_gid;
}

namespace {

std::optional<Identity> find_user(Making& making, const Values& values, std::string_view key) {
  const auto name = values.text(key);
  if (name.empty()) return std::nullopt;
  const passwd* entry = ::getpwnam(name.c_str());
  if (!entry) {
    making.complain(values, key, fmt::format("there is no user \"{}\"", printable(name)));
    return std::nullopt;
  }
  return Identity{name, entry->pw_uid, entry->pw_gid};
}

std::optional<IpAddress> find_address(Making& making, const Values& values, std::string_view key) {
  const auto text = values.text(key);
  if (text.empty()) return std::nullopt;
  const auto address = IpAddress::parse(text);
  if (!address) making.complain(values, key, fmt::format("\"{}\" is no address", printable(text)));
  return address;
}

std::vector<IpAddress> addresses(Making& making, const Values& values, std::string_view key) {
  std::vector<IpAddress> found;
  for (const auto& text : values.list(key)) {
    const auto address = IpAddress::parse(text);
    if (address) found.push_back(*address);
    if (!address)
      making.complain(values, key, fmt::format("\"{}\" is no address", printable(text)));
  }
  return found;
}

void take_hostname(Making& making) {
  const auto& values = making.document.table("");
  const auto name = smtp::to_a_labels(values.text("hostname"), true);
  if (!values.given("hostname")) {
    making.complain(values, "hostname", "is needed: the name by which other servers know this one");
  } else if (!name) {
    making.complain(values, "hostname",
                    fmt::format("\"{}\" is no domain name", printable(values.text("hostname"))));
  } else {
    making.config.hostname = *name;
  }
}

constexpr std::string_view tables_at_start[] = {"",        "service", "log",        "queue",
                                                "trust",   "alarm",   "tls_report", "mta_sts",
                                                "console", "dns",     "delivery"};

// Where an error is in the file; those elsewhere come last.
std::pair<std::uint64_t, std::uint64_t> line_and_column(std::string_view place,
                                                        std::string_view file) {
  constexpr std::uint64_t last = UINT64_MAX;
  if (!place.starts_with(file)) return {last, 0};
  place.remove_prefix(file.size());
  if (place.empty()) return {0, 0};
  place.remove_prefix(1);
  const auto colon = std::min(place.find(':'), place.size());
  const auto line = parse_number(place.substr(0, colon));
  const auto column = parse_number(place.substr(std::min(colon + 1, place.size())));
  return {line.value_or(last), column.value_or(0)};
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail_errno("cannot read the configuration", errno, path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

}  // namespace

void take_service(Making& making) {
  const auto& service = making.document.table("service");
  auto& options = making.config.service;
  options.user = find_user(making, service, "user");
  const auto group = find_group(making, service, "group");
  if (options.user && group) options.user->gid = *group;
  if (!options.user && group) making.complain(service, "group", "needs a user");
  const auto threads = service.number("threads");
  options.threads = threads > 0 ? static_cast<unsigned>(threads)
                                : std::max(1u, std::thread::hardware_concurrency());
  options.drain = service.duration("drain");

  const auto& console = making.document.table("console");
  making.config.console.socket = console.text("socket");
  making.config.console.group = find_group(making, console, "group");
}

void take_log(Making& making) {
  const auto& values = making.document.table("log");
  auto& log = making.config.log;
  log.form = static_cast<LogForm>(values.choice("format"));
  log.least = static_cast<LogLevel>(values.choice("level"));
  log.path = values.text("file");
  log.timestamps = values.flag("timestamps");
}

void take_queue(Making& making) {
  const auto& values = making.document.table("queue");
  auto& queue = making.config.queue;
  queue.path = values.text("path");
  queue.least_free_bytes = values.number("least_free");
  queue.body_memory = values.number("body_memory");
  auto& retry = queue.retry;
  retry.first = values.duration("retry_first");
  retry.factor = values.fraction("retry_factor");
  retry.longest = values.duration("retry_longest");
  retry.jitter = values.fraction("retry_jitter");
  retry.lifetime = values.duration("lifetime");
  retry.notice_lifetime = values.duration("notice_lifetime");
  retry.delay_notice = values.duration("delay_notice");
  if (values.given("tls_lifetime")) retry.tls_lifetime = values.duration("tls_lifetime");
  retry.tls_notice = values.duration("tls_notice");
  if (retry.first > retry.longest)
    making.complain(values, "retry_first", "is longer than retry_longest");
  if (retry.delay_notice >= retry.lifetime) {
    making.complain(values, "delay_notice",
                    "would come after the lifetime ends; \"0s\" sends none");
  }
}

void take_delivery(Making& making) {
  const auto& values = making.document.table("delivery");
  auto& deliver = making.config.deliver;
  deliver.hostname = making.config.hostname;
  deliver.tls = *trust::level_named(values.text("tls"));
  deliver.dane = values.flag("dane");
  if (deliver.tls == trust::Level::Fingerprint)
    making.complain(values, "tls", "\"fingerprint\" is of a [[route]] with tls_fingerprints");
  deliver.start_tls_form = static_cast<smtp::StartTlsForm>(values.choice("starttls"));
  deliver.tls_history.memory = values.duration("tls_memory");
  deliver.tls_history.wait = values.duration("tls_gone_wait");
  deliver.concurrency = {values.number("concurrency_first"), values.number("concurrency_most"),
                         values.number("concurrency_total")};
  if (deliver.concurrency.first > deliver.concurrency.most) {
    making.complain(values, "concurrency_first", "is more than concurrency_most");
  }
  deliver.reuse = {values.seconds("idle"), values.seconds("reset_after"),
                   values.number("messages")};
  deliver.time = {values.seconds("connect_time"), values.seconds("greeting_time"),
                  values.seconds("handshake_time")};
  deliver.dead = {values.duration("dead_first"), values.duration("dead_longest"),
                  values.number("dead_hosts")};
  deliver.maildir.line_ends = static_cast<deliver::LineEnds>(values.choice("maildir_line_ends"));
  deliver.maildir.threads = values.number("maildir_threads");
  if (const auto user = find_user(making, values, "maildir_user")) {
    deliver.maildir.uid = user->uid;
    deliver.maildir.gid = user->gid;
  }
  if (const auto group = find_group(making, values, "maildir_group")) deliver.maildir.gid = group;
  deliver.notices.most_quoted = values.number("notice_quote");
  if (const auto text = values.text("postmaster"); !text.empty()) {
    const auto address = smtp::parse_mailbox(text, smtp::Letters::Utf8);
    if (address) deliver.notices.postmaster = *address;
    if (!address)
      making.complain(values, "postmaster", fmt::format("\"{}\" is no address", printable(text)));
  }
  deliver.own_names = values.list("own_names");
  deliver.own_addresses = addresses(making, values, "own_addresses");
  deliver.loopback_is_own = values.flag("loopback_is_own");
  deliver.notices.lifetime = making.config.queue.retry.lifetime;
  deliver.notices.tls_lifetime =
      making.config.queue.retry.tls_lifetime.value_or(making.config.queue.retry.lifetime);
  deliver.families = static_cast<deliver::AddressFamilies>(values.choice("families"));
  deliver.source_ipv4 = find_address(making, values, "source_ipv4");
  deliver.source_ipv6 = find_address(making, values, "source_ipv6");
  deliver.recipients = values.number("recipients");
  deliver.hosts = values.number("hosts");
  deliver.chunking = values.flag("chunking");
  deliver.pipelining = values.flag("pipelining");
}

std::vector<Network> networks(Making& making, const Values& values, std::string_view key) {
  std::vector<Network> found;
  for (const auto& text : values.list(key)) {
    if (const auto network = Network::parse(text)) {
      found.push_back(*network);
    } else {
      making.complain(values, key,
                      fmt::format("\"{}\" is no network as \"192.0.2.0/24\"", printable(text)));
    }
  }
  return found;
}

std::expected<Config, Errors> load_config(std::string_view toml, const std::string& file,
                                          std::shared_ptr<tls::TicketKeys> ticket_keys) {
  const auto document = read_document(toml, file);
  if (!document) return std::unexpected(Errors{document.error()});
  Config config;
  config.file = file;
  config.tls_files.ticket_keys = std::move(ticket_keys);
  Making making{*document, config, document->errors};
  take_hostname(making);
  take_service(making);
  take_log(making);
  take_queue(making);
  take_dns(making);
  take_tls(making);
  take_domains(making);
  take_publications(making);
  take_routes(making);
  take_client_tls(making);
  take_delivery(making);
  take_trust(making);
  take_listeners(making);
  for (const auto name : tables_at_start) config.at_start.emplace(name, document->table(name));
  if (making.errors.empty()) return config;
  std::ranges::stable_sort(making.errors, {},
                           [&](const Error& error) { return line_and_column(error.place, file); });
  const auto same = std::ranges::unique(making.errors);
  making.errors.erase(same.begin(), same.end());
  return std::unexpected(std::move(making.errors));
}

std::expected<Config, Errors> load_config(const std::string& file,
                                          std::shared_ptr<tls::TicketKeys> ticket_keys) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(Errors{text.error()});
  return load_config(*text, file, std::move(ticket_keys));
}

Result<std::string> control_socket(const std::string& file) {
  const auto text = read_file(file);
  if (!text) return text;
  const auto document = read_document(*text, file);
  if (!document) return std::unexpected(document.error());
  return document->table("console").text("socket");
}

}  // namespace outrider::app
