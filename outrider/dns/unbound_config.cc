#include "outrider/dns/unbound_config.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <string_view>
#include <vector>

#include "outrider/base/text.h"
#include "outrider/dns/forwarder.h"

namespace outrider::dns {
namespace {

// Names are looked up again and again by a mail server: worth a bigger cache than the library's,
// and a fresh answer before the old one ends. Additional sections are not seen by us, and checking
// their signatures holds up a long list of MX by a second and more.
constexpr std::string_view always = R"(server:
  use-syslog: no
  verbosity: 0
  chroot: ""
  module-config: "validator iterator"
  msg-cache-size: 16m
  rrset-cache-size: 32m
  key-cache-size: 8m
  prefetch: yes
  prefetch-key: yes
  rrset-roundrobin: yes
  minimal-responses: yes
  val-clean-additional: no
)";

// A forwarder inside a site knows the site's private networks; the world's servers do not, and
// shall not be asked.
constexpr std::string_view with_forwarders = R"(  unblock-lan-zones: yes
  insecure-lan-zones: yes
)";

// The root's keys as IANA publishes them (RFC 7958): where the system has no file of them.
constexpr std::string_view system_anchors = "/usr/share/dns/root.key";
constexpr std::string_view root_anchors = R"(
  trust-anchor: ". DS 20326 8 2 E06D44B80B8F1D39A95C0B0D7C65D08458E880409BBC683457104237C7F8EC8D"
  trust-anchor: ". DS 38696 8 2 683D2D0ACB8C9B712A1948B27F741219298D0A450D612C483AF444A4C0FB2B16"
)";

std::unexpected<Error> refuse(std::string_view what, std::string_view text, std::string rule) {
  return fail(Blame::Operator, fmt::format("{} \"{}\"", what, printable(text)), std::move(rule));
}

bool is_readable(std::string_view path) { return ::access(std::string(path).c_str(), R_OK) == 0; }

bool has_control_byte(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < ' ' || c == 0x7F; });
}

Result<void> add_forwarders(std::string& config, const std::vector<std::string>& forwarders) {
  std::string zone = "forward-zone:\n  name: \".\"\n";
  bool local = false;
  for (const auto& text : forwarders) {
    const auto forwarder = read_forwarder(text);
    if (!forwarder) return refuse("forwarder", text, "an address, or address@port");
    local = local || forwarder->address.is_loopback();
    fmt::format_to(std::back_inserter(zone), "  forward-addr: {}@{}\n", forwarder->address.text(),
                   forwarder->port);
  }
  config.append(with_forwarders);
  if (local) config.append("  do-not-query-localhost: no\n");
  config.append(zone);
  return {};
}

// libunbound reads the files late, and then all questions fail: they are looked at here.
Result<void> add_anchors(std::string& config, std::vector<std::string> files) {
  if (files.empty() && is_readable(system_anchors)) files.emplace_back(system_anchors);
  if (files.empty()) config.append(root_anchors);
  for (const auto& file : files) {
    if (file.empty() || file.contains('"') || has_control_byte(file)) {
      return refuse("trust anchor file", file, "a path without quotes and control bytes");
    }
    if (!is_readable(file)) return fail_errno("trust anchor file", errno, file);
    fmt::format_to(std::back_inserter(config), "  trust-anchor-file: \"{}\"\n", file);
  }
  return {};
}

}  // namespace

Result<std::string> unbound_config(const Options& options) {
  std::string config(always);
  if (auto added = add_anchors(config, options.trust_anchor_files); !added) {
    return std::unexpected(added.error());
  }
  if (!options.forwarders.empty()) {
    if (auto added = add_forwarders(config, options.forwarders); !added) {
      return std::unexpected(added.error());
    }
  }
  if (options.unbound_options.empty()) return config;
  config.append("server:\n");
  for (const auto& line : options.unbound_options) {
    if (!line.contains(':') || has_control_byte(line)) {
      return refuse("unbound option", line, "one line, name: value");
    }
    config.append("  ").append(line).append("\n");
  }
  return config;
}

}  // namespace outrider::dns
