// Documents of other sites by HTTPS: policies (RFC 8461 §3.3), and reports and alarms that are
// posted. A stranger names the site, so the client trusts nothing: it asks the addresses it is
// given and no others, proves the host by its certificate's DNS names, follows no redirect, keeps
// no cookie, decodes nothing, and has a limit for time and for bytes. libcurl does the work on one
// thread; callers only wait.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/ip.h"
#include "outrider/base/result.h"

namespace outrider::fetch {

using boost::asio::awaitable;

struct Options {
  std::string ca_file;                  ///< PEM; empty: the system's authorities
  bool special_addresses = false;       ///< loopback and the like may be asked: a laboratory
  std::optional<std::uint16_t> port;    ///< connected to where a URL names none: a laboratory
  std::size_t most_open = 32;           ///< requests under way at a time, 1 and more
  std::size_t most_waiting = 1000;      ///< that wait for a place; one more is refused
  std::string user_agent = "Outrider";  ///< printable ASCII
};

struct Request {
  std::string url;                            ///< see parse_url() in url.h
  std::vector<IpAddress> addresses;           ///< of the URL's host: no name is looked up here
  std::string wanted_type;                    ///< media type in lower case; empty: any
  std::size_t most_bytes = 64 << 10;          ///< of the body; a longer one is refused, not cut
  Duration limit = std::chrono::seconds(60);  ///< for all, waiting for a place too; 1 ms and more
  Duration connect_limit = std::chrono::seconds(30);  ///< until TLS stands
  std::string body;                                   ///< of a post
  std::string body_type;                              ///< its media type
};

struct Response {
  int status = 0;          ///< 200 to 299
  std::string media_type;  ///< lower case, without parameters; empty: none was given
  std::string body;        ///< raw bytes
};

/// What went wrong. Kinds are told apart because reports do (RFC 8460 §4.3.2).
enum class Fault {
  Refused,      ///< by us, before anything was sent: URL, addresses, no room, closed, cancelled
  Unreachable,  ///< no connection
  Handshake,    ///< TLS failed, not by the certificate
  Certificate,  ///< not valid, not trusted, or of another name
  TimedOut,
  Status,  ///< an HTTP status other than 2xx, redirects too
  Content  ///< no HTTP, broken off, without a told end, too long, encoded, of another media type
};
std::string_view name(Fault fault);  ///< `refused`, `unreachable`, …

struct Failure {
  Fault fault = Fault::Refused;
  int status = 0;  ///< of HTTP, where it came so far
  Error error;     ///< input: the URL; rule: why; place: the address that was asked
};

using Answer = std::expected<Response, Failure>;

class Transfers;

/// Safe from any thread: a coroutine goes on where it began, and can be cancelled.
class Client {
 public:
  /// Fails where the CA file cannot be read, or without room for the thread.
  static Result<std::unique_ptr<Client>> open(Options options);
  ~Client();  ///< closes
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Each goes by a connection of its own.
  awaitable<Answer> get(Request request);
  awaitable<Answer> post(Request request);

  /// Ends all requests, and those to come: Refused. An answer is brought to the loop that it was
  /// asked on, so this comes before the loops are destroyed.
  void close();

 private:
  explicit Client(std::shared_ptr<Transfers> transfers) : transfers_(std::move(transfers)) {}
  std::shared_ptr<Transfers> transfers_;
};

}  // namespace outrider::fetch
