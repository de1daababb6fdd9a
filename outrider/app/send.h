// `outrider send`: a client to try a server with. It shows the dialogue, line by line.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "outrider/smtp/client_session.h"

namespace outrider::app {

enum class SendTls { Opportunistic, None, StartTls, Implicit };

struct SendOptions {
  std::string server = "127.0.0.1:25";  ///< `host:port`, `[ipv6]:port`, `unix:/path`
  std::string from;
  std::vector<std::string> to;
  std::string helo;                    ///< empty: this host's name
  std::string body_file;               ///< empty: standard input; `-` too
  std::optional<std::size_t> size_of;  ///< instead: so many bytes of text
  std::vector<std::string> headers;    ///< further fields, `X-Test: yes`
  SendTls tls = SendTls::Opportunistic;
  std::string ca_file;
  bool verify = false;  ///< the certificate must be good for the server's name
  bool lmtp = false, smtputf8 = false;
  bool chunking = true, pipelining = true;
  std::string ret, notify, envid, orcpt;
  std::size_t repeat = 1;
  bool json = false, quiet = false;
};

/// An exit code of sysexits.h: 0 when every recipient was taken, 75 or 69 when one was not.
int send(const SendOptions& options);

/// Content as it is sent: CRLF line ends, and a header where there is none.
std::string make_content(std::string_view input, const SendOptions& options);

}  // namespace outrider::app
