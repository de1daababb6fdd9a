#include "outrider/app/schema.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

namespace outrider::app {
namespace {

constexpr double second = 1000, minute = 60 * second, hour = 60 * minute, day = 24 * hour;
constexpr double KiB = 1024, MiB = 1024 * KiB;

constexpr std::array<std::string_view, 5> roles{"mx", "submission", "relay", "lmtp", "mta-sts"};
constexpr std::array<std::string_view, 3> tls_modes{"starttls", "implicit", "none"};
constexpr std::array<std::string_view, 3> starttls_forms{"rfc3207", "draft-hoffman", "both"};
constexpr std::array<std::string_view, 3> tls_demands{"never", "unlisted", "always"};
constexpr std::array<std::string_view, 3> client_certificates{"none", "ask", "require"};
constexpr std::array<std::string_view, 3> past_rules{"off", "tell", "delay"};
constexpr std::array<std::string_view, 2> partner_demands{"encrypt", "verify"};
constexpr std::array<std::string_view, 8> levels{
    "none", "opportunistic", "encrypt", "verify", "mta-sts", "dane", "dane-only", "fingerprint"};
constexpr std::array<std::string_view, 3> sts_modes{"none", "testing", "enforce"};
constexpr std::array<std::string_view, 4> versions{"1.0", "1.1", "1.2", "1.3"};
constexpr std::array<std::string_view, 2> line_ends{"strict", "repair"};
constexpr std::array<std::string_view, 2> stored_line_ends{"lf", "crlf"};
constexpr std::array<std::string_view, 3> families{"both", "ipv4", "ipv6"};
constexpr std::array<std::string_view, 3> validations{"own", "resolver", "both"};
constexpr std::array<std::string_view, 2> log_forms{"text", "json"};
constexpr std::array<std::string_view, 4> log_levels{"debug", "info", "warning", "error"};

// clang-format off
const std::vector<Setting> general{
    {"hostname", Type::Text, "", "The server's own name: in the greeting, in EHLO, in trace fields. Needed."},
};

const std::vector<Setting> queue{
    {"path", Type::Path, "\"/var/lib/outrider/queue\"", "Folder of the queue; made where it is not there, mode 0700."},
    {"lifetime", Type::Duration, "\"5d\"", "After this a message that could not be delivered is returned.", second, 60 * day},
    {"notice_lifetime", Type::Duration, "\"1d\"", "The same for messages with the null reverse-path.", second, 60 * day},
    {"retry_first", Type::Duration, "\"5m\"", "Wait after the first failed attempt.", second, day},
    {"retry_factor", Type::Number, "2.0", "Each further wait is longer by this factor.", 1, 10},
    {"retry_longest", Type::Duration, "\"4h\"", "No wait is longer than this.", second, 7 * day},
    {"retry_jitter", Type::Number, "0.2", "A wait varies by this part of itself, so that retries spread.", 0, 0.9},
    {"delay_notice", Type::Duration, "\"4h\"", "The sender is told once when a message is this late; \"0s\": never.", 0, 60 * day},
    {"tls_lifetime", Type::Duration, "", "Instead of lifetime, for a message that waits for nothing but the security its destination promises.", second, 60 * day},
    {"tls_notice", Type::Duration, "\"15m\"", "Instead of delay_notice, for such a message.", 0, 60 * day},
    {"least_free", Type::Size, "\"512MiB\"", "With less free space than this, mail is put off with 452.", 1 * MiB},
    {"body_memory", Type::Size, "\"64MiB\"", "Memory for small messages that were just accepted.", 0, 64 * 1024 * MiB},
};

const std::vector<Setting> tls{
    {"certificate", Type::PathList, "", "PEM files, leaf first, then the chain: one a name and kind of key (RSA, ECDSA), chosen by SNI; the first is for all others."},
    {"key", Type::PathList, "", "PEM files of the keys, in the same order; none: in the certificate's file."},
    {"watch", Type::Duration, "\"1m\"", "How often certificate files are looked at; changed ones are loaded. \"0s\": on reload alone.", 0, day},
    {"ticket_key_lifetime", Type::Duration, "\"6h\"", "Keys of session tickets are new after this time.", minute, 7 * day},
    {"ca_file", Type::Path, "", "PEM file of authorities for servers we send to; none: the system's."},
    {"client_certificate", Type::Path, "", "PEM file, shown to servers that ask for one."},
    {"client_key", Type::Path, "", "PEM file of its key; none: in the certificate's file."},
};

// What may stand in [tls] and, for one listener or next hop, in its table.
const std::vector<Setting> tls_protocol{
    {"minimum_version", Type::Choice, "\"1.2\"", "Oldest version of TLS; 1.0 and 1.1 are broken (RFC 8996).", 0, 0, versions},
    {"maximum_version", Type::Choice, "\"1.3\"", "Newest version of TLS.", 0, 0, versions},
    {"groups", Type::List, "[]", "Key exchange, strongest first, by OpenSSL's names; none: a hybrid post-quantum one where the library has it, X25519, P-256, P-384."},
    {"suites", Type::List, "[]", "Suites of TLS 1.3, the same way; none: all of them."},
    {"ciphers", Type::List, "[]", "Ciphers of TLS 1.2 and older; none: AEAD with forward secrecy."},
    {"signatures", Type::List, "[]", "Signature algorithms; none: the library's."},
    {"tickets", Type::Flag, "true", "Resume sessions by tickets, which some peers break on."},
    {"padding", Type::Count, "0", "TLS 1.3 records are filled up to a multiple of so many bytes; 0: not.", 0, 16384},
    {"kernel", Type::Flag, "false", "Let the kernel encrypt, where kernel and library can."},
};

// What may stand in [limits] and, for one listener, in [[listener]].
const std::vector<Setting> protocol_limits{
    {"message_size", Type::Size, "\"50MiB\"", "Largest message, as SIZE announces it; more: 552.", 64 * KiB, 4096 * MiB},
    {"recipients", Type::Count, "1000", "Recipients of one message; more: 452 (RFC 5321 asks for at least 100).", 100, 10000},
    {"errors", Type::Count, "20", "Refused commands of a connection; then 421.", 1, 10000},
    {"idle_commands", Type::Count, "100", "Commands that lead to no message; then 421.", 10, 100000},
    {"transactions", Type::Count, "1000", "Messages of one connection, announced by LIMITS; more: 452.", 1, 1000000},
    {"command_line", Type::Size, "2048", "Bytes of a command line; longer: 500 (RFC 5321 asks for 512).", 512, 64 * KiB},
    {"line_ends", Type::Choice, "\"strict\"", "A bare CR or LF: \"strict\" refuses the message, \"repair\" makes it CRLF.", 0, 0, line_ends},
    {"header_size", Type::Size, "\"256KiB\"", "Bytes of a header block; more: 552.", 16 * KiB, 16 * MiB},
    {"header_fields", Type::Count, "2000", "Fields of a header block; more: 552.", 50, 100000},
    {"hops", Type::Count, "100", "Received fields; more is a loop: 554.", 10, 1000},
    {"connection_time", Type::Duration, "\"4h\"", "A connection's whole life; then 421.", 10 * second, 7 * day},
    {"handshake_time", Type::Duration, "\"1m\"", "For a TLS handshake.", second, hour},
    {"proxy_header_time", Type::Duration, "\"10s\"", "For a PROXY header.", second, hour},
    {"write_time", Type::Duration, "\"2m\"", "For a client to take our replies.", second, hour},
    {"greet_pause", Type::Duration, "\"0s\"", "Wait before the greeting; who speaks in it is refused.", 0, minute},
};

const std::vector<Setting> connection_limits{
    {"connections", Type::Count, "2000", "Connections of all clients together; more: 421.", 1, 1000000},
    {"connections_per_network", Type::Count, "100", "Connections of one client network; more: 421.", 1, 1000000},
    {"network_prefix_v4", Type::Count, "32", "Bits that make a client network of IPv4.", 0, 32},
    {"network_prefix_v6", Type::Count, "64", "The same of IPv6.", 0, 128},
    {"log_refusals", Type::Count, "20", "Log lines on refused commands of one connection.", 0, 100000},
};

const std::vector<Setting> listener{
    {"name", Type::Text, "", "In the log, unique; none: the address."},
    {"address", Type::Text, "", "\"0.0.0.0:25\", \"[::]:25\" or \"unix:/path\". Needed."},
    {"role", Type::Choice, "\"mx\"", "Whom it serves: the world, our users, our servers, a server beside us; web clients that ask for our MTA-STS policies.", 0, 0, roles},
    {"tls", Type::Choice, "\"starttls\"", "Offered, from the first byte, or not at all.", 0, 0, tls_modes},
    {"certificate", Type::PathList, "", "Instead of [tls] certificate."},
    {"key", Type::PathList, "", "Instead of [tls] key."},
    {"starttls", Type::Choice, "\"rfc3207\"", "Form of STARTTLS; \"draft-hoffman\" is the draft of 1997, with tokens.", 0, 0, starttls_forms},
    {"require_tls", Type::Choice, "\"never\"", "TLS is demanded for nothing, for domains whose DNS does not list this host, or for all.", 0, 0, tls_demands},
    {"client_ca_file", Type::Path, "", "PEM file of authorities whose client certificates count as verified."},
    {"client_certificates", Type::Choice, "\"none\"", "Clients are asked for one; \"require\": without one of [relay], 554.", 0, 0, client_certificates},
    {"socket_mode", Type::Text, "\"0660\"", "Of a Unix socket: octal, as chmod takes it."},
    {"socket_group", Type::Text, "", "Group of a Unix socket; none: the service's."},
    {"backlog", Type::Count, "1024", "Connections that the kernel keeps until they are accepted.", 1, 65535},
    {"greeting", Type::Text, "", "Text in the greeting, behind the name and ESMTP."},
    {"smtputf8", Type::Flag, "true", "Offer SMTPUTF8 (RFC 6531)."},
    {"chunking", Type::Flag, "true", "Offer CHUNKING and BINARYMIME (RFC 3030)."},
    {"requiretls", Type::Flag, "true", "Offer REQUIRETLS inside TLS (RFC 8689)."},
    {"vrfy", Type::Flag, "false", "Answer VRFY from the tables of users and aliases; else 252."},
    {"expn", Type::Flag, "false", "Answer EXPN from the aliases; else 502."},
    {"heritage", Type::Flag, "false", "As RFC 788: SEND, SOML and SAML to terminals, source routes honoured, VRFY and EXPN answered."},
    {"utmp", Type::Path, "\"/run/utmp\"", "Who is logged in where, for SEND, SOML and SAML."},
    {"proxy_protocol", Type::Flag, "false", "Every connection begins with a PROXY header (v1 or v2)."},
    {"proxy_trusted", Type::List, "[]", "Networks that may send it; from others the connection is closed."},
};

const std::vector<Setting> domain{
    {"name", Type::Text, "", "A domain whose mail ends here. Needed."},
    {"users", Type::List, "[]", "Local-parts; \"*\" for any; a text with a slash is a file, one a line."},
    {"aliases", Type::Path, "", "File of aliases as aliases(5); no programs, files or includes."},
    {"catch_all", Type::Text, "", "Who gets mail for unknown users; none: 550 5.1.1."},
    {"recipient_delimiter", Type::Text, "\"+\"", "user+tag is user; empty: no such thing."},
    {"case_sensitive", Type::Flag, "false", "Whether Ada and ada are two users."},
    {"deliver", Type::Text, "", "Where its mail goes: as `via` of a route. Needed."},
    {"mta_sts", Type::Choice, "", "Mode of the policy that a listener with role = \"mta-sts\" serves for it; nothing: none is served.", 0, 0, sts_modes},
    {"mta_sts_mx", Type::List, "[]", "Hosts of the policy, or *.example.org; none: the hostname."},
    {"mta_sts_max_age", Type::Duration, "\"7d\"", "How long others may keep the policy.", 0, 365 * day},
    {"tls_report_to", Type::List, "[]", "Where others are to send TLS reports: mailto: and https: addresses."},
};

const std::vector<Setting> route{
    {"domain", Type::Text, "", "\"example.net\", \".example.net\" (all below), \"user@example.net\", \"*\" (the rest). Needed."},
    {"via", Type::Text, "", "mx, smtp://host:port, smtp://[host], smtps://, lmtp://, lmtp:unix:/path, maildir:/path, discard, tls-reports, error:550 5.7.1 text. Needed."},
    {"tls", Type::Choice, "", "Instead of [delivery] tls.", 0, 0, levels},
    {"tls_names", Type::List, "[]", "Names of which the certificate must carry one, with tls = \"verify\"; none: the host's, or the destination's."},
    {"tls_fingerprints", Type::List, "[]", "For tls = \"fingerprint\": SHA-256 of public keys, in hex, of which the server's must be one."},
    {"starttls", Type::Choice, "", "Instead of [delivery] starttls.", 0, 0, starttls_forms},
};

const std::vector<Setting> inbound{
    {"tls_gone", Type::Choice, "\"tell\"", "Mail of a domain and network that came with TLS before comes without: nothing, an alarm, or 450 for a while.", 0, 0, past_rules},
    {"tls_memory", Type::Duration, "\"30d\"", "How long it is remembered that it came with TLS.", 0, 365 * day},
    {"tls_gone_wait", Type::Duration, "\"1h\"", "For \"delay\": from the alarm on, mail without TLS hears 450 for so long.", 0, 5 * day},
};

const std::vector<Setting> relay{
    {"networks", Type::List, "[\"127.0.0.0/8\", \"::1\"]", "Clients that may send to any domain."},
    {"certificates", Type::List, "[]", "So may clients with one of these: SHA-256 of the certificate or its key, in hex."},
    {"certificate_names", Type::List, "[]", "So may clients whose certificate verifies and carries one of these names."},
};

const std::vector<Setting> partner{
    {"domain", Type::Text, "", "Of the reverse-path; \".example.org\": all below. This or networks is needed."},
    {"networks", Type::List, "[]", "Networks of clients whose mail is meant."},
    {"tls", Type::Choice, "\"encrypt\"", "TLS, or TLS with a certificate that proves who it is.", 0, 0, partner_demands},
    {"certificates", Type::List, "[]", "For \"verify\": SHA-256 of the certificate or its key, in hex."},
    {"certificate_names", Type::List, "[]", "For \"verify\": names that a certificate which verifies may carry."},
};

const std::vector<Setting> delivery{
    {"tls", Type::Choice, "\"opportunistic\"", "TLS towards next hops, as docs/trust.md tells.", 0, 0, levels},
    {"dane", Type::Flag, "true", "TLSA records are looked for and kept to where they are published (RFC 7672)."},
    {"starttls", Type::Choice, "\"rfc3207\"", "Form of STARTTLS that is spoken; \"draft-hoffman\" is the draft of 1997, with tokens.", 0, 0, starttls_forms},
    {"tls_memory", Type::Duration, "\"30d\"", "How long it is remembered that a host had TLS; its absence raises an alarm.", 0, 365 * day},
    {"tls_gone_wait", Type::Duration, "\"1h\"", "From the alarm on, mail that might go in clear waits for so long; \"0s\": it is only told.", 0, 5 * day},
    {"concurrency_first", Type::Count, "5", "Deliveries at a time that a destination begins with.", 1, 1000},
    {"concurrency_most", Type::Count, "20", "And may come to.", 1, 10000},
    {"concurrency_total", Type::Count, "500", "Deliveries at a time in all.", 1, 100000},
    {"idle", Type::Duration, "\"5s\"", "How long a connection waits for the next message; \"0s\": no reuse.", 0, 5 * minute},
    {"reset_after", Type::Duration, "\"2s\"", "Idle for this long, RSET shows whether it still lives.", 0, 5 * minute},
    {"messages", Type::Count, "500", "Messages on one connection.", 1, 1000000},
    {"recipients", Type::Count, "100", "Recipients of one transaction.", 1, 10000},
    {"hosts", Type::Count, "5", "Addresses that are tried in one attempt.", 1, 100},
    {"connect_time", Type::Duration, "\"30s\"", "For connecting to one address.", second, 10 * minute},
    {"greeting_time", Type::Duration, "\"5m\"", "For the greeting, and for the answer to EHLO.", second, hour},
    {"handshake_time", Type::Duration, "\"1m\"", "For a TLS handshake.", second, hour},
    {"dead_first", Type::Duration, "\"30s\"", "A host that cannot be reached is left alone for this long,", second, day},
    {"dead_longest", Type::Duration, "\"15m\"", "twice as long after each more failure, and at most for this long.", second, day},
    {"dead_hosts", Type::Count, "10000", "Such hosts that are remembered.", 1, 1000000},
    {"families", Type::Choice, "\"both\"", "Addresses that are tried.", 0, 0, families},
    {"own_names", Type::List, "[]", "Names besides the hostname: an MX of such a name is this server."},
    {"own_addresses", Type::List, "[]", "Addresses that are this server, as seen from outside."},
    {"loopback_is_own", Type::Flag, "true", "An MX on loopback is this server, and no next hop; off in a laboratory."},
    {"source_ipv4", Type::Text, "", "Address to connect from; none: the kernel's choice."},
    {"source_ipv6", Type::Text, "", "The same for IPv6."},
    {"chunking", Type::Flag, "true", "Use BDAT where it is offered."},
    {"pipelining", Type::Flag, "true", "Use pipelining where it is offered."},
    {"maildir_line_ends", Type::Choice, "\"lf\"", "Line ends of stored mail.", 0, 0, stored_line_ends},
    {"maildir_user", Type::Text, "", "Owner of Maildirs and mail; none: the service's user."},
    {"maildir_group", Type::Text, "", "Group of them; none: the service's."},
    {"maildir_threads", Type::Count, "4", "Threads that write files.", 1, 64},
    {"postmaster", Type::Text, "", "Gets notices that nobody can get; none: they are logged and dropped."},
    {"notice_quote", Type::Size, "\"256KiB\"", "A longer message is quoted by its header alone.", 0, 16 * MiB},
};

const std::vector<Setting> trust{
    {"path", Type::Path, "", "Folder of what is remembered of the TLS of others; none: the queue's path with \".trust\" behind it."},
    {"hosts", Type::Count, "50000", "Hosts whose TLS is remembered, and domains; then the oldest make room.", 100, 10000000},
};

const std::vector<Setting> alarm{
    {"command", Type::List, "[]", "Program and arguments, run without a shell for each alarm, which it reads as JSON."},
    {"webhook", Type::Text, "", "https:// address that each alarm is posted to, as JSON."},
    {"webhook_ca_file", Type::Path, "", "PEM file of authorities for the webhook; none: the system's."},
    {"kinds", Type::List, "[]", "Alarms that program and webhook are told: tls-gone, unverified, policy-failed, dns-disputed, reports-failing; none: all."},
    {"silence", Type::Duration, "\"1h\"", "Between two alarms of one kind about one host.", second, 30 * day},
};

const std::vector<Setting> tls_report{
    {"send", Type::Flag, "true", "Sessions are counted, and reports sent to domains that ask for them (RFC 8460)."},
    {"organization", Type::Text, "", "As our reports name us; none: the hostname."},
    {"contact", Type::Text, "", "Address for questions, from which reports are mailed; none: postmaster at the hostname."},
    {"delay", Type::Duration, "\"4h\"", "At most, by chance, from the end of a day until its reports are sent.", 0, day},
    {"period", Type::Duration, "\"1d\"", "That a report is about; shorter in a laboratory.", second, 7 * day},
};

const std::vector<Setting> mta_sts{
    {"enabled", Type::Flag, "true", "Policies of destinations are fetched and kept to (RFC 8461)."},
    {"wait", Type::Duration, "\"10s\"", "How long a delivery waits for a policy that is not known; then it goes on by what is.", 0, 5 * minute},
    {"refresh", Type::Duration, "\"1d\"", "A policy is fetched again after this time, and in time before its end.", minute, 30 * day},
    {"ca_file", Type::Path, "", "PEM file of authorities for the web servers of policies; none: the system's."},
    {"port", Type::Count, "443", "Of the web servers; another one in a laboratory.", 1, 65535},
    {"special_addresses", Type::Flag, "false", "Web servers on loopback and in private networks are asked, too: in a laboratory."},
};

const std::vector<Setting> log{
    {"format", Type::Choice, "\"text\"", "key=value, or JSON.", 0, 0, log_forms},
    {"level", Type::Choice, "\"info\"", "The least important lines that are written.", 0, 0, log_levels},
    {"file", Type::Path, "", "Appended to, opened again on reload; none: standard error."},
    {"timestamps", Type::Flag, "true", "Off where the journal adds its own."},
};

const std::vector<Setting> console{
    {"socket", Type::Path, "\"/run/outrider/control\"", "Where `outrider queue` and `reload` talk to the server."},
    {"group", Type::Text, "", "Group that may use it besides the service's user."},
};

const std::vector<Setting> dns{
    {"forwarders", Type::List, "[]", "Resolvers, as \"192.0.2.53\" or \"127.0.0.1@5353\"; none: from the root."},
    {"validation", Type::Choice, "\"own\"", "Who checks DNSSEC: this server, the forwarders (their AD bit is believed), or both, and a difference stops what depends on it.", 0, 0, validations},
    {"trust_anchors", Type::PathList, "[]", "Files of trust anchors; none: the system's root.key."},
    {"hosts_file", Type::Path, "", "A file as /etc/hosts; none: not read."},
    {"unbound_options", Type::List, "[]", "Lines `name: value` for libunbound, for experts."},
    {"timeout", Type::Duration, "\"15s\"", "For one question.", 100, 5 * minute},
    {"listed_time", Type::Duration, "\"2s\"", "How long RCPT may wait for whether the DNS lists this server; \"0s\": never asked.", 0, minute},
    {"reverse", Type::Flag, "false", "Look up clients' names for the log and the trace field."},
};

const std::vector<Setting> service{
    {"user", Type::Text, "", "User to become once the ports are bound; none: as started."},
    {"group", Type::Text, "", "Group to become; none: the user's."},
    {"threads", Type::Count, "0", "I/O threads; 0: one a core.", 0, 256},
    {"drain", Type::Duration, "\"20s\"", "How long what runs may take to end.", 0, hour},
};
// clang-format on

std::vector<Setting> joined(std::vector<Setting> first, const std::vector<Setting>& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

const Setting* Section::find(std::string_view key) const {
  const auto at = std::ranges::find(settings, key, &Setting::key);
  return at == settings.end() ? nullptr : &*at;
}

const std::vector<Section>& schema() {
  static const std::vector<Section> sections{
      {"", false, "The server itself.", general},
      {"service", false, "The process.", service},
      {"log", false, "One line an event.", log},
      {"queue", false, "Where messages wait, and for how long.", queue},
      {"tls", false,
       "Certificates, and whom we trust. From `minimum_version` on, a [[listener]] may differ.",
       joined(tls, tls_protocol)},
      {"limits", false,
       "What clients may use. All but the first five may stand in a [[listener]], too.",
       joined(connection_limits, protocol_limits)},
      {"listener", true,
       "An address where mail is taken. Settings of [limits] may stand here for this listener "
       "alone.",
       joined(listener, joined(tls_protocol, protocol_limits))},
      {"inbound", false, "What is noticed of those who send here.", inbound},
      {"relay", false, "Who may send to any domain.", relay},
      {"partner", true, "A domain or network whose mail is taken with TLS alone.", partner},
      {"domain", true, "A domain whose mail ends here.", domain},
      {"route", true,
       "A next hop for certain recipients, instead of their domain's MX. Settings of [tls], from "
       "`minimum_version` on, may stand here for this next hop alone.",
       joined(route, tls_protocol)},
      {"delivery", false, "Giving mail. From `minimum_version` on, as [tls], for all next hops.",
       joined(delivery, tls_protocol)},
      {"trust", false, "What is remembered of the TLS of others.", trust},
      {"mta_sts", false, "Policies of those we send to.", mta_sts},
      {"tls_report", false, "Reports about the TLS of others, as they ask for them.", tls_report},
      {"alarm", false, "Who is told when TLS that was there or was promised is not.", alarm},
      {"dns", false, "The validating resolver within the process.", dns},
      {"console", false, "The local socket.", console},
  };
  return sections;
}

const Section& section(std::string_view name) {
  const auto& all = schema();
  const auto at = std::ranges::find(all, name, &Section::name);
  if (at == all.end()) throw std::logic_error("no section " + std::string(name));
  return *at;
}

}  // namespace outrider::app
