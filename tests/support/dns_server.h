// A name server of the tests: a program in the foreground, on loopback, on a port of its own.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace outrider::test {

class DnsServer {
 public:
  /// `name` is a name whose SOA the server gives without error once it is ready. `configure` writes
  /// the program's files for a port, and gives its arguments, the program first. Tried three times;
  /// throws where it does not start.
  DnsServer(const std::string& name,
            const std::function<std::vector<std::string>(std::uint16_t port)>& configure);
  ~DnsServer();
  DnsServer(const DnsServer&) = delete;
  DnsServer& operator=(const DnsServer&) = delete;

  std::string address() const;  ///< `127.0.0.1@PORT`

 private:
  void start(const std::vector<std::string>& arguments);
  void stop();
  bool wait_until_ready(const std::string& name);

  std::uint16_t port_ = 0;
  pid_t server_ = -1;
};

}  // namespace outrider::test
