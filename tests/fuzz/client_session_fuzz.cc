// A hostile server against the client: whatever it says, nothing is delivered that was not sent,
// no lone line end goes out, and the session ends or waits.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "outrider/smtp/client_session.h"

namespace {

using namespace outrider::smtp;

void require(bool holds) {
  if (!holds) std::abort();
}

Transaction message() {
  Transaction transaction;
  transaction.mail.reverse_path = {"me", "example.org"};
  transaction.mail.size = 100;
  transaction.recipients.resize(2);
  transaction.recipients[0].forward_path = {"a", "example.net"};
  transaction.recipients[1].forward_path = {"b", "example.net"};
  return transaction;
}

struct Run {
  Run(const ClientOptions& options, bool content) : session(options), is_content(content) {}

  void look_at_output() {
    const auto out = session.output();
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (out[i] == '\n') require(i > 0 && out[i - 1] == '\r');
    }
    session.output_sent();
  }

  // False: the talk is over.
  bool act(const ClientEvent& event) {
    if (std::holds_alternative<Broken>(event) || std::holds_alternative<Ended>(event)) return false;
    if (std::holds_alternative<TlsReady>(event)) {
      is_content ? session.tls_established() : session.tls_too_weak();
      require(session.extensions() == Extensions());
    }
    if (std::holds_alternative<BodyWanted>(event)) {
      session.body("A: b\r\n\r\n.x\r\n");
      session.body_end();
      body_sent = true;
    }
    if (const auto* done = std::get_if<Done>(&event)) {
      require(done->results.size() == 2);
      for (const auto& result : done->results) {
        require(result.reply.code != 0 || session.extensions().max_recipients > 0);
        if (result.reply.positive()) require(body_sent);
      }
      require(!session.in_doubt());
      body_sent = false;
      ++transactions;
    }
    if (std::holds_alternative<Ready>(event)) on_ready();
    return true;
  }

  // RFC 3207, or the draft of 1997 with its tokens.
  bool start_tls() {
    const auto& offered = session.extensions();
    require(!session.secure() || (!offered.starttls && !offered.draft_tls));
    auto tokens = tokens_to_ask(offered.tls_tokens, {"TLS1.3", "TLS1.2"});
    const bool draft = offered.draft_tls && !tokens.empty();
    if (tried_tls || (!offered.starttls && !draft)) return false;
    tried_tls = true;
    offered.starttls ? session.start_tls() : session.start_tls(std::move(tokens));
    return true;
  }

  void on_ready() {
    if (start_tls()) return;
    if (transactions < 3) {
      session.send(message());
    } else {
      session.quit();
    }
  }

  ClientSession session;
  bool is_content = true;  // with what was negotiated
  bool body_sent = false;
  bool tried_tls = false;
  int transactions = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const ClientOptions options{.hostname = "client.example",
                              .lmtp = (data[0] & 1) != 0,
                              .chunking = (data[0] & 2) != 0,
                              .pipelining = (data[0] & 4) != 0};
  const std::size_t step = data[1] + 1;
  Run run(options, (data[0] & 16) == 0);
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  for (int turns = 0; turns < 100000; ++turns) {
    const auto event = run.session.next();
    run.look_at_output();
    if (!run.act(event)) return 0;
    if (!std::holds_alternative<NeedInput>(event)) continue;
    if (rest.empty()) {
      run.session.peer_closed();
      continue;
    }
    // A polite server says one line at a time; any other number of bytes is tried as well.
    const auto line = rest.find('\n') == std::string_view::npos ? rest.size() : rest.find('\n') + 1;
    const auto room = run.session.prepare();
    const auto n = std::min({rest.size(), room.size(), data[0] & 8 ? step : line});
    require(n > 0);
    std::memcpy(room.data(), rest.data(), n);
    run.session.received(n);
    rest.remove_prefix(n);
  }
  std::abort();  // the talk has no end
}
