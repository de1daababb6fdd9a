#include "support/scripted_dns.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <stdexcept>

namespace outrider::test {
namespace {

constexpr std::size_t header_size = 12;

unsigned number_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned>(static_cast<unsigned char>(bytes[at])) << 8 |
         static_cast<unsigned char>(bytes[at + 1]);
}

void set_number(std::string& bytes, std::size_t at, unsigned number) {
  bytes[at] = static_cast<char>(number >> 8);
  bytes[at + 1] = static_cast<char>(number & 0xFF);
}

void put(std::string& bytes, unsigned number) {
  bytes.append(2, '\0');
  set_number(bytes, bytes.size() - 2, number);
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

bool bind_to(int socket, std::uint16_t port) {
  const auto address = loopback(port);
  return ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

std::string read_exactly(int socket, std::size_t size) {
  std::string bytes(size, '\0');
  const auto got = ::recv(socket, bytes.data(), size, MSG_WAITALL);
  bytes.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return bytes;
}

}  // namespace

DnsReply::DnsReply(std::string_view query, unsigned flags, unsigned code) {
  std::size_t end = header_size;
  while (query[end] != 0) end += 1U + static_cast<unsigned char>(query[end]);
  bytes_ = query.substr(0, end + 5);
  set_number(bytes_, 2, 0x8180U | flags | code);
  for (const std::size_t section : {6U, 8U, 10U}) set_number(bytes_, section, 0);
}

void DnsReply::add(unsigned section, std::string_view owner, unsigned type, unsigned klass,
                   std::uint32_t ttl, std::string_view data) {
  bytes_.append(owner);
  put(bytes_, type);
  put(bytes_, klass);
  put(bytes_, ttl >> 16);
  put(bytes_, ttl & 0xFFFF);
  put(bytes_, static_cast<unsigned>(data.size()));
  bytes_.append(data);
  const std::size_t count = 6 + 2 * std::size_t{section};
  set_number(bytes_, count, number_at(bytes_, count) + 1);
}

DnsReply& DnsReply::answer(std::string_view owner, unsigned type, std::string_view data,
                           unsigned ttl) {
  add(0, owner, type, 1, ttl, data);
  return *this;
}

DnsReply& DnsReply::authority(std::string_view owner, unsigned type, std::string_view data,
                              unsigned ttl) {
  add(1, owner, type, 1, ttl, data);
  return *this;
}

DnsReply& DnsReply::opt(bool dnssec_ok, unsigned code_high) {
  add(2, std::string_view("\0", 1), 41, 1232, code_high << 24 | (dnssec_ok ? 0x8000U : 0U), {});
  return *this;
}

ScriptedDns::ScriptedDns(Script script) : script_(std::move(script)) {
  for (int attempt = 0; attempt < 20 && port_ == 0; ++attempt) {
    datagrams_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool bound = bind_to(datagrams_, 0) && bind_to(listener_, port_of(datagrams_));
    if (bound && ::listen(listener_, 8) == 0) {
      port_ = port_of(datagrams_);
    } else {
      ::close(datagrams_);
      ::close(listener_);
    }
  }
  if (port_ == 0) throw std::runtime_error("DNS of the tests: no free port");
  stop_ = ::eventfd(0, EFD_CLOEXEC);
  thread_ = std::thread([this] { run(); });
}

ScriptedDns::~ScriptedDns() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(stop_, &one, sizeof one);
  thread_.join();
  for (const int descriptor : {datagrams_, listener_, stop_}) ::close(descriptor);
}

Endpoint ScriptedDns::endpoint() const { return {*IpAddress::parse("127.0.0.1"), port_}; }

std::string ScriptedDns::address() const { return fmt::format("127.0.0.1@{}", port_); }

void ScriptedDns::run() {
  for (;;) {
    pollfd ready[] = {{stop_, POLLIN, 0}, {datagrams_, POLLIN, 0}, {listener_, POLLIN, 0}};
    if (::poll(ready, 3, -1) <= 0) continue;
    if (ready[0].revents != 0) return;
    if (ready[1].revents != 0) serve_datagram();
    if (ready[2].revents != 0) serve_stream();
  }
}

void ScriptedDns::serve_datagram() {
  char buffer[4096];
  sockaddr_in peer{};
  socklen_t size = sizeof peer;
  const auto got =
      ::recvfrom(datagrams_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&peer), &size);
  if (got < static_cast<ssize_t>(header_size)) return;
  const auto reply = say(std::string(buffer, static_cast<std::size_t>(got)), false);
  if (!reply) return;
  ::sendto(datagrams_, reply->data(), reply->size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
}

void ScriptedDns::serve_stream() {
  const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (socket < 0) return;
  const auto length = read_exactly(socket, 2);
  auto query = length.size() == 2 ? read_exactly(socket, number_at(length, 0)) : std::string();
  if (query.size() >= header_size) {
    if (const auto reply = say(std::move(query), true)) {
      std::string framed;
      put(framed, static_cast<unsigned>(reply->size()));
      framed += *reply;
      ::send(socket, framed.data(), framed.size(), MSG_NOSIGNAL);
    }
  }
  ::close(socket);
}

std::optional<std::string> ScriptedDns::say(std::string bytes, bool by_stream) {
  ++asked_;
  Asked asked;
  asked.by_stream = by_stream;
  asked.edns = number_at(bytes, 10) == 1;
  asked.checking_disabled = (number_at(bytes, 2) & 0x0010) != 0;
  asked.bytes = std::move(bytes);
  return script_(asked);
}

}  // namespace outrider::test
