// One connection of a probe, and all that was said on it. It blocks, with a limit of time to each
// step: a probe does one thing after the other, has to see the very bytes on either side of the
// line between clear text and TLS, and waits to see that nothing comes, too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "outrider/base/clock.h"
#include "outrider/base/ip.h"
#include "outrider/base/result.h"
#include "outrider/smtp/reply.h"
#include "outrider/tls/context.h"

namespace outrider::app::probe {

class Wire {
 public:
  static Result<Wire> connect(const Endpoint& to, Duration patience);
  /// Takes over a connected socket.
  Wire(int fd, Duration patience);
  Wire(Wire&& other) noexcept;
  Wire& operator=(Wire&&) = delete;
  ~Wire();

  /// The next reply. Code 0: there is none, and the text says why.
  smtp::Reply reply();
  /// Sends a line and reads its reply.
  smtp::Reply command(std::string_view line);
  /// Sends these bytes, in one write where the system takes them. False: they cannot be sent.
  bool write(std::string_view bytes);
  /// QUIT, for good manners; whether it is answered does not matter.
  void leave();

  struct Unasked {
    std::string bytes;
    bool closed = false;
    bool nothing() const { return bytes.empty() && !closed; }
  };
  /// What comes within `duration` although nobody asked, up to the first bytes.
  Unasked listen(Duration duration);
  /// The next bytes as they are; empty: there are none, and why() tells.
  std::string bytes();

  /// A handshake; what was read in clear before and not looked at stays out of it.
  Result<TlsFacts> start_tls(const tls::ClientContext& context, std::string_view host,
                             const trust::Verdict& verdict, tls::Resumption resumption = {});
  /// Asks for another handshake, as TLS 1.2 had it. False: it does not come to its end.
  bool renegotiate();
  tls::Session* session() { return session_ ? &*session_ : nullptr; }

  /// A remark among what was said: `*  400 bytes of a ClientHello`.
  void note(std::string_view text);
  const std::string& why() const { return why_; }
  bool closed() const { return closed_; }  ///< by the server
  /// `C: EHLO me`, `S: 250 …`, printable and bounded.
  const std::vector<std::string>& told() const { return told_; }

 private:
  bool wait(short events, Steady until);
  bool wait_for(tls::Want want, Steady until);
  bool more(Steady until);
  void tell(char who, std::string_view line);
  void tell_lines(char who, std::string_view bytes);

  int fd_;
  Duration patience_;
  std::optional<tls::Session> session_;
  std::string input_;
  std::string why_;
  bool closed_ = false;
  std::vector<std::string> told_;
};

}  // namespace outrider::app::probe
