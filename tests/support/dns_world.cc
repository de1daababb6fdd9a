#include "support/dns_world.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace outrider::test {
namespace {

namespace fs = std::filesystem;
using Kind = DnsZone::Kind;

constexpr const char* nsd = "/usr/sbin/nsd";
constexpr const char* signer = "/usr/bin/ldns-signzone";
constexpr const char* key_maker = "/usr/bin/ldns-keygen";

// An address, and as much in a TLSA record.
constexpr std::pair<std::string_view, std::string_view> forgeries[] = {{"192.0.2.66", "192.0.2.67"},
                                                                       {"c0000242", "c0000243"}};

[[noreturn]] void give_up(const std::string& what) {
  throw std::runtime_error("DNS of the tests: " + what);
}

void demand(bool holds, const std::string& what) {
  if (!holds) give_up(what);
}

void write(const std::string& path, const std::string& text) {
  std::ofstream file(path);
  file << text << std::flush;
  demand(file.good(), "cannot write " + path);
}

std::string read(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

void run(const std::string& command) {
  demand(std::system(("( " + command + " ) > /dev/null 2>&1").c_str()) == 0, "failed: " + command);
}

bool is_below(const std::string& name, const std::string& top) {
  return name.size() > top.size() && name.ends_with('.' + top);
}

bool has_key(Kind kind) { return kind != Kind::Plain && kind != Kind::Broken; }

bool is_signed(Kind kind) { return has_key(kind) && kind != Kind::Stripped; }

}  // namespace

std::string DnsWorld::missing() {
  if (!fs::exists(nsd)) return "package nsd is not installed";
  if (!fs::exists(signer) || !fs::exists(key_maker)) return "package ldnsutils is not installed";
  return {};
}

DnsWorld::DnsWorld(const std::vector<DnsZone>& zones) {
  demand(!zones.empty() && zones.front().kind == Kind::Signed, "the first zone is to be signed");
  auto pattern = (fs::temp_directory_path() / "outrider-dns-XXXXXX").string();
  demand(::mkdtemp(pattern.data()) != nullptr, "no folder");
  folder_ = pattern;
  anchor_ = zones.front().name;
  std::string delegations = "ns A 127.0.0.1\n";
  for (const auto& zone : zones) {
    const auto ds = has_key(zone.kind) ? make_key(zone) : std::string();
    if (!is_below(zone.name, anchor_)) continue;
    delegations += fmt::format("{}. NS ns.{}.\n", zone.name, anchor_) + ds;
  }
  for (const auto& zone : zones) {
    if (zone.kind == Kind::Broken) continue;
    write_zone(zone, zone.name == anchor_ ? delegations : std::string());
    if (is_signed(zone.kind)) sign(zone);
  }
  server_.emplace(anchor_, [&](std::uint16_t port) {
    write_config(zones, port);
    return std::vector<std::string>{nsd, "-d", "-c", file("nsd.conf")};
  });
}

DnsWorld::~DnsWorld() {
  server_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string DnsWorld::forwarder() const { return server_->address(); }

std::string DnsWorld::trust_anchor_file() const { return file(anchor_ + ".key"); }

std::string DnsWorld::make_key(const DnsZone& zone) {
  run(
      fmt::format("cd '{0}' && base=$({1} -a ECDSAP256SHA256 -k {2}) && mv $base.key {2}.key && "
                  "mv $base.private {2}.private && mv $base.ds {2}.ds",
                  folder_.string(), key_maker, zone.name));
  return read(file(zone.name + ".ds"));
}

void DnsWorld::write_zone(const DnsZone& zone, const std::string& delegations) {
  write(file(zone.name + ".zone"),
        fmt::format("$ORIGIN {0}.\n$TTL 60\n@ SOA ns.{1}. hostmaster.{1}. 1 3600 600 86400 60\n"
                    "@ NS ns.{1}.\n{2}{3}",
                    zone.name, anchor_, delegations, zone.records));
}

void DnsWorld::sign(const DnsZone& zone) {
  const auto* dates = zone.kind == Kind::Expired ? "-i 20200101000000 -e 20200201000000" : "";
  run(fmt::format("cd '{0}' && {1} -n {2} -f {3}.signed {3}.zone {3} && mv {3}.signed {3}.zone",
                  folder_.string(), signer, dates, zone.name));
  const auto path = file(zone.name + ".zone");
  // The signer writes a TLSA record without data in a way that no server reads.
  auto text = replaced(read(path), "TLSA\t3 1 1\n", "TYPE52\t\\# 3 030101\n");
  if (zone.kind == Kind::Tampered) {
    for (const auto& [what, by] : forgeries) text = replaced(std::move(text), what, by);
  }
  write(path, text);
}

void DnsWorld::write_config(const std::vector<DnsZone>& zones, std::uint16_t port) {
  auto config = fmt::format(
      "server:\n  ip-address: 127.0.0.1@{0}\n  server-count: 1\n  do-ip6: no\n  database: \"\"\n"
      "  username: \"\"\n  zonesdir: \"{1}\"\n  pidfile: \"{1}/pid\"\n"
      "  zonelistfile: \"{1}/list\"\n  xfrdfile: \"{1}/xfrd\"\n  xfrdir: \"{1}\"\n"
      "  logfile: \"{1}/nsd.log\"\n  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n",
      port, folder_.string());
  for (const auto& zone : zones) {
    config += fmt::format("zone:\n  name: {0}\n  zonefile: \"{0}.zone\"\n", zone.name);
  }
  write(file("nsd.conf"), config);
}

}  // namespace outrider::test
