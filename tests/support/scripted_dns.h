// A name server that says what a test tells it to, by UDP and TCP on one loopback port; and the
// replies, byte by byte.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "outrider/base/ip.h"

namespace outrider::test {

/// A reply to `query`, with its id and question; what is added stands in the order of sections.
class DnsReply {
 public:
  static constexpr unsigned truncated = 0x0200;
  static constexpr unsigned authentic = 0x0020;

  explicit DnsReply(std::string_view query, unsigned flags = 0, unsigned code = 0);
  /// `owner` and names in `data` are wire form; "\xC0\x0C" is the question's name.
  DnsReply& answer(std::string_view owner, unsigned type, std::string_view data, unsigned ttl = 60);
  DnsReply& authority(std::string_view owner, unsigned type, std::string_view data,
                      unsigned ttl = 60);
  DnsReply& opt(bool dnssec_ok = true, unsigned code_high = 0);
  const std::string& bytes() const { return bytes_; }

 private:
  void add(unsigned section, std::string_view owner, unsigned type, unsigned klass,
           std::uint32_t ttl, std::string_view data);
  std::string bytes_;
};

class ScriptedDns {
 public:
  struct Asked {
    std::string bytes;
    bool by_stream = false;
    bool edns = false;
    bool checking_disabled = false;
  };
  /// Called on the server's thread; nullopt: silence.
  using Script = std::function<std::optional<std::string>(const Asked&)>;

  explicit ScriptedDns(Script script);
  ~ScriptedDns();
  ScriptedDns(const ScriptedDns&) = delete;
  ScriptedDns& operator=(const ScriptedDns&) = delete;

  Endpoint endpoint() const;
  std::string address() const;  ///< `127.0.0.1@PORT`
  int asked() const { return asked_; }

 private:
  void run();
  void serve_datagram();
  void serve_stream();
  std::optional<std::string> say(std::string bytes, bool by_stream);

  Script script_;
  std::uint16_t port_ = 0;
  int datagrams_ = -1;
  int listener_ = -1;
  int stop_ = -1;  // eventfd
  std::atomic<int> asked_ = 0;
  std::thread thread_;
};

}  // namespace outrider::test
