// What the rules of a probe share: how to come to the server, as far as a rule needs it, and what
// several of them want to know, which is asked once.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "outrider/app/tls_probe.h"
#include "outrider/app/tls_probe_hello.h"
#include "outrider/app/tls_probe_rule.h"
#include "outrider/app/tls_probe_target.h"
#include "outrider/app/tls_probe_wire.h"

namespace outrider::app::probe {

/// The answer to EHLO in clear.
struct Offer {
  bool starttls = false;  ///< in the form that is asked for
  std::string keyword;    ///< as it stands there, with what follows it
  std::string draft;      ///< the line of the draft, `TLS TLS1.2 TLS1.3`
  bool enhanced_codes = false;
  std::string problem;  ///< why there is no answer
  std::vector<std::string> told;
};

/// A handshake with the usual parameters, and what the server says inside.
struct Inside {
  bool reached = false;
  std::string problem;
  TlsFacts facts;
  std::vector<tls::CertificateFacts> chain;  ///< leaf first
  smtp::Reply hello;                         ///< to EHLO
  smtp::Reply starttls;                      ///< to STARTTLS behind it
  std::vector<std::string> told;
};

struct Asked {
  HelloAnswer answer;
  std::vector<std::string> told;
};

using Context = std::shared_ptr<const tls::ClientContext>;

class Probe {
 public:
  Probe(const ProbeOptions& options, Target target, std::vector<Endpoint> endpoints);

  // Each step of the way, or why it was not reached. For TLS from the first byte the greeting
  // comes inside TLS, as does all that follows.
  Result<Wire> connected();
  Result<Wire> greeted();                                 ///< in clear
  Result<Wire> said_hello();                              ///< in clear
  Result<Wire> before_tls(std::uint16_t newest = tls13);  ///< the server waits for a ClientHello
  Result<Wire> secured(const Context& with = {}, tls::Resumption resumption = {},
                       std::uint16_t newest = tls13);

  /// Sends the hello, and reads what is answered to it.
  Asked ask(Hello hello);
  Asked ask_in_v2_form(const Hello& hello);

  const Offer& offer();
  const Inside& inside();

  std::string hello_line() const;  ///< `EHLO me`, `LHLO me`
  /// `STARTTLS`, or the draft's with a token for this version at most.
  std::string start_line(std::uint16_t newest = tls13);
  /// Sessions are resumed within one context.
  Result<Context> context(const tls::Parameters& parameters = {}) const;
  /// Without a context: the usual one. `names`: the certificate must carry one of them to count as
  /// verified, and does not end the handshake where it does not.
  Result<TlsFacts> shake_hands(Wire& wire, const Context& with = {},
                               std::vector<std::string> names = {},
                               tls::Resumption resumption = {});

  const ProbeOptions& options() const { return options_; }
  const Target& target() const { return target_; }
  /// All of it takes twelve times what one step may take, at most.
  bool is_over() const { return steady_now() >= end_; }
  std::string expected_name() const;  ///< empty: an address, and no name was given

 private:
  Asked not_asked(const Error& error) const;
  Asked exchange(Wire& wire, std::string_view hello) const;

  const ProbeOptions& options_;
  Target target_;
  std::vector<Endpoint> endpoints_;
  Steady end_;
  std::optional<Offer> offer_;
  std::optional<Inside> inside_;
};

/// A finding with all that was said as its evidence.
inline Finding found(Verdict verdict, std::string text, const Wire& wire) {
  return {verdict, std::move(text), wire.told()};
}
inline Finding found(Verdict verdict, std::string text, std::vector<std::string> told = {}) {
  return {verdict, std::move(text), std::move(told)};
}
/// The server could not be brought to where a rule begins.
inline Finding unreached(const Error& error) { return {Verdict::Skipped, error.input, {}}; }

/// `taken`: the verdict where a hello was agreed to that should not be. A refusal counts only with
/// a server that does come to an end with somebody.
Finding judge_refusal(Probe& probe, const Asked& asked, Verdict taken);

/// Asks a rule, where the server has what it needs.
Finding judge(Probe& probe, const Rule& rule);

/// `550 5.1.1 unknown user`, or in words that nothing came.
std::string said(const smtp::Reply& reply);

}  // namespace outrider::app::probe
