#include "support/dns_forwarder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace outrider::test {
namespace {

namespace fs = std::filesystem;
constexpr const char* unbound = "/usr/sbin/unbound";

std::string config(const DnsWorld& world, DnsForwarder::Kind kind, const std::string& folder,
                   std::uint16_t port, const std::string& more) {
  const bool oblivious = kind == DnsForwarder::Kind::Oblivious;
  std::string text = fmt::format(
      "server:\n  interface: 127.0.0.1\n  port: {}\n  num-threads: 1\n  do-daemonize: no\n"
      "  username: \"\"\n  chroot: \"\"\n  directory: \"{}\"\n  pidfile: \"\"\n  use-syslog: no\n"
      "  logfile: \"unbound.log\"\n  do-not-query-localhost: no\n  do-ip6: no\n"
      "  module-config: \"{}\"\n  unblock-lan-zones: yes\n  insecure-lan-zones: yes\n",
      port, folder, oblivious ? "iterator" : "validator iterator");
  if (kind == DnsForwarder::Kind::Validating) {
    text += fmt::format("  trust-anchor-file: \"{}\"\n", world.trust_anchor_file());
  }
  return text + more +
         fmt::format(
             "remote-control:\n  control-enable: no\n"
             "forward-zone:\n  name: \".\"\n  forward-addr: {}\n",
             world.forwarder());
}

}  // namespace

std::string DnsForwarder::missing() {
  return fs::exists(unbound) ? "" : "package unbound is not installed";
}

DnsForwarder::DnsForwarder(const DnsWorld& world, Kind kind, const std::string& more) {
  auto pattern = (fs::temp_directory_path() / "outrider-unbound-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("DNS of the tests: no folder");
  folder_ = pattern;
  server_.emplace(world.anchor(), [&](std::uint16_t port) {
    const auto path = (folder_ / "unbound.conf").string();
    std::ofstream(path) << config(world, kind, folder_.string(), port, more) << std::flush;
    return std::vector<std::string>{unbound, "-d", "-c", path};
  });
}

DnsForwarder::~DnsForwarder() {
  server_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

}  // namespace outrider::test
