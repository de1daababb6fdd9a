#include "support/dns_world.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string_view>

namespace outrider::test {
namespace {

namespace fs = std::filesystem;
using Kind = DnsZone::Kind;

constexpr const char* nsd = "/usr/sbin/nsd";
constexpr const char* signer = "/usr/bin/ldns-signzone";
constexpr const char* key_maker = "/usr/bin/ldns-keygen";

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

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool binds(int kind, std::uint16_t port, std::uint16_t& given) {
  const int socket = ::socket(AF_INET, kind | SOCK_CLOEXEC, 0);
  auto address = loopback(port);
  socklen_t size = sizeof address;
  const bool bound = ::bind(socket, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(socket);
  given = ntohs(address.sin_port);
  return bound;
}

std::uint16_t free_port() {
  for (int attempt = 0; attempt < 50; ++attempt) {
    std::uint16_t udp = 0;
    std::uint16_t tcp = 0;
    if (binds(SOCK_DGRAM, 0, udp) && binds(SOCK_STREAM, udp, tcp)) return udp;
  }
  give_up("no free port");
}

bool is_below(const std::string& name, const std::string& top) {
  return name.size() > top.size() && name.ends_with('.' + top);
}

bool is_signed(Kind kind) {
  return kind == Kind::Signed || kind == Kind::Tampered || kind == Kind::Expired;
}

// One question for the SOA of `name`, RFC 1035 §4.1; the answer's code, or -1 for silence.
int ask_soa(std::uint16_t port, const std::string& name) {
  std::string query("\x13\x37\0\0\0\1\0\0\0\0\0\0", 12);
  std::istringstream labels(name);
  for (std::string label; std::getline(labels, label, '.');) {
    query += static_cast<char>(label.size());
    query += label;
  }
  query.append("\0\0\6\0\1", 5);
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port);
  char answer[512];
  int code = -1;
  pollfd ready{socket, POLLIN, 0};
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::send(socket, query.data(), query.size(), 0) > 0 && ::poll(&ready, 1, 100) == 1 &&
      ::recv(socket, answer, sizeof answer, 0) >= 12) {
    code = answer[3] & 15;
  }
  ::close(socket);
  return code;
}

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
    const auto ds = is_signed(zone.kind) ? make_key(zone) : std::string();
    if (!is_below(zone.name, anchor_)) continue;
    delegations += fmt::format("{}. NS ns.{}.\n", zone.name, anchor_) + ds;
  }
  for (const auto& zone : zones) {
    if (zone.kind == Kind::Broken) continue;
    write_zone(zone, zone.name == anchor_ ? delegations : std::string());
    if (is_signed(zone.kind)) sign(zone);
  }
  for (int attempt = 0; attempt < 3 && server_ < 0; ++attempt) {
    port_ = free_port();
    write_config(zones);
    start();
    if (!wait_until_ready()) stop();
  }
  demand(server_ > 0, "nsd does not start: " + read(file("nsd.log")));
}

DnsWorld::~DnsWorld() {
  stop();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string DnsWorld::forwarder() const { return fmt::format("127.0.0.1@{}", port_); }

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
  if (zone.kind != Kind::Tampered) return;
  const auto path = file(zone.name + ".zone");
  write(path, replaced(read(path), "192.0.2.66", "192.0.2.67"));
}

void DnsWorld::write_config(const std::vector<DnsZone>& zones) {
  auto config = fmt::format(
      "server:\n  ip-address: 127.0.0.1@{0}\n  server-count: 1\n  do-ip6: no\n  database: \"\"\n"
      "  username: \"\"\n  zonesdir: \"{1}\"\n  pidfile: \"{1}/pid\"\n"
      "  zonelistfile: \"{1}/list\"\n  xfrdfile: \"{1}/xfrd\"\n  xfrdir: \"{1}\"\n"
      "  logfile: \"{1}/nsd.log\"\n  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n",
      port_, folder_.string());
  for (const auto& zone : zones) {
    config += fmt::format("zone:\n  name: {0}\n  zonefile: \"{0}.zone\"\n", zone.name);
  }
  write(file("nsd.conf"), config);
}

void DnsWorld::start() {
  const auto config = file("nsd.conf");
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  demand(child >= 0, "cannot fork");
  if (child > 0) {
    server_ = child;
    ::setpgid(child, child);
    return;
  }
  ::setpgid(0, 0);
  // With the tests the servers go, however the tests end.
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != parent) ::_exit(1);
  ::execl(nsd, nsd, "-d", "-c", config.c_str(), static_cast<char*>(nullptr));
  ::_exit(127);
}

void DnsWorld::stop() {
  if (server_ < 0) return;
  // Asked kindly, it ends its own children first.
  ::kill(server_, SIGTERM);
  bool ended = false;
  for (int wait = 0; wait < 200 && !ended; ++wait) {
    ended = ::waitpid(server_, nullptr, WNOHANG) == server_;
    if (!ended) ::usleep(5'000);
  }
  ::kill(-server_, SIGKILL);
  if (!ended) ::waitpid(server_, nullptr, 0);
  server_ = -1;
}

bool DnsWorld::wait_until_ready() {
  for (int attempt = 0; attempt < 100; ++attempt) {
    if (::waitpid(server_, nullptr, WNOHANG) == server_) {
      server_ = -1;
      return false;
    }
    if (ask_soa(port_, anchor_) == 0) return true;
    ::usleep(20'000);
  }
  return false;
}

}  // namespace outrider::test
