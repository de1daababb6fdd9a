#include "outrider/app/tls_probe_probe.h"

#include <algorithm>
#include <thread>

#include "outrider/base/text.h"

namespace outrider::app::probe {
namespace {

constexpr int longest = 12;  // steps that take all of their time
constexpr std::size_t longest_answer = 64 * 1024;
constexpr Duration shortest_pause{250};
constexpr Duration longest_pause{4000};

std::unexpected<Error> stopped(std::string_view where, const smtp::Reply& reply) {
  return fail(Blame::Peer, std::string(where) + ": " + said(reply));
}

/// The lines of an EHLO answer behind the first.
std::vector<std::string> lines_of(const smtp::Reply& reply) {
  std::vector<std::string> lines;
  std::string_view rest = reply.text;
  while (!rest.empty()) {
    const auto end = std::min(rest.find('\n'), rest.size());
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!lines.empty()) lines.erase(lines.begin());
  return lines;
}

std::string_view first_word(std::string_view line) { return line.substr(0, line.find(' ')); }

// draft-hoffman-smtp-ssl §4: `TLS1.2` where it is listed and not above what is wanted.
std::string token_for(std::string_view listed, std::uint16_t newest) {
  constexpr std::pair<std::uint16_t, std::string_view> tokens[] = {
      {tls13, "TLS1.3"}, {tls12, "TLS1.2"}, {tls11, "TLS1.1"}, {tls10, "TLS1.0"}};
  for (const auto& [version, token] : tokens) {
    if (version <= newest && listed.contains(token)) return std::string(token);
  }
  for (const auto& [version, token] : tokens) {
    if (version == newest) return std::string(token);
  }
  return "SSL3.0";
}

}  // namespace

std::string said(const smtp::Reply& reply) {
  return printable(reply.code == 0 ? reply.text : reply.line(), 200);
}

Probe::Probe(const ProbeOptions& options, Target target, std::vector<Endpoint> endpoints)
    : options_(options),
      target_(std::move(target)),
      endpoints_(std::move(endpoints)),
      end_(steady_now() + longest * options.timeout) {}

std::string Probe::hello_line() const {
  return (options_.lmtp ? "LHLO " : "EHLO ") + options_.helo;
}

std::string Probe::start_line(std::uint16_t newest) {
  return options_.draft ? "STARTTLS " + token_for(offer().draft, newest) : "STARTTLS";
}

std::string Probe::expected_name() const {
  if (!options_.name.empty()) return options_.name;
  return IpAddress::parse(target_.host) ? std::string() : target_.host;
}

// The address that answers first is kept: all rules are about the same machine.
Result<Wire> Probe::connected() {
  for (;;) {
    const auto left = std::chrono::duration_cast<Duration>(end_ - steady_now());
    const auto patience = std::clamp(left, Duration(1), Duration(options_.timeout));
    auto wire = Wire::connect(endpoints_.front(), patience);
    if (wire || endpoints_.size() == 1) return wire;
    endpoints_.erase(endpoints_.begin());
  }
}

// 421 is for those who come too often, and the probe comes often: it lets the server breathe.
Result<Wire> Probe::greeted() {
  for (Duration pause = shortest_pause;; pause *= 2) {
    auto wire = connected();
    if (!wire) return wire;
    const auto greeting = wire->reply();
    if (greeting.code == 220) return wire;
    const bool may_wait = pause <= longest_pause && steady_now() + pause < end_;
    if (greeting.code != 421 || !may_wait) return stopped("the greeting", greeting);
    std::this_thread::sleep_for(pause);
  }
}

Result<Wire> Probe::said_hello() {
  auto wire = greeted();
  if (!wire) return wire;
  const auto reply = wire->command(hello_line());
  if (reply.code != 250) return stopped(hello_line().substr(0, 4), reply);
  return wire;
}

Result<Wire> Probe::before_tls(std::uint16_t newest) {
  if (target_.implicit) return connected();
  const auto line = start_line(newest);
  auto wire = said_hello();
  if (!wire) return wire;
  const auto reply = wire->command(line);
  if (reply.code != 220) return stopped(line, reply);
  return wire;
}

Result<Context> Probe::context(const tls::Parameters& parameters) const {
  tls::ClientOptions options;
  options.ca_file = options_.ca_file;
  options.parameters = parameters;
  return tls::ClientContext::load(options);
}

Result<TlsFacts> Probe::shake_hands(Wire& wire, const Context& with, std::vector<std::string> names,
                                    tls::Resumption resumption) {
  if (!with) {
    auto usual = context();
    if (!usual) return std::unexpected(usual.error());
    return shake_hands(wire, *usual, std::move(names), std::move(resumption));
  }
  trust::Verdict verdict;
  verdict.level = trust::Level::Encrypt;
  verdict.names = std::move(names);
  return wire.start_tls(*with, expected_name(), verdict, std::move(resumption));
}

Result<Wire> Probe::secured(const Context& with, tls::Resumption resumption, std::uint16_t newest) {
  auto wire = before_tls(newest);
  if (!wire) return wire;
  const auto facts = shake_hands(*wire, with, {}, std::move(resumption));
  if (!facts) return std::unexpected(facts.error());
  if (!target_.implicit) return wire;
  const auto greeting = wire->reply();
  if (greeting.code != 220) return stopped("the greeting inside TLS", greeting);
  return wire;
}

// draft-hoffman-smtp-ssl §5: 504 is how a version is refused there.
Asked Probe::not_asked(const Error& error) const {
  Asked asked;
  const bool refused = options_.draft && error.input.contains(": 504");
  asked.answer.kind = refused ? HelloAnswer::Kind::Closed : HelloAnswer::Kind::NotAsked;
  asked.answer.why = error.input;
  return asked;
}

Asked Probe::exchange(Wire& wire, std::string_view hello) const {
  const auto until = steady_now() + options_.timeout;
  wire.write(hello);
  std::string bytes;
  for (auto more = wire.bytes(); !more.empty(); more = wire.bytes()) {
    bytes += more;
    if (const auto parsed = parse_answer(bytes)) {
      wire.note("answer: " + parsed->text());
      return {*parsed, wire.told()};
    }
    if (bytes.size() > longest_answer || steady_now() > until) break;
  }
  Asked asked;
  asked.answer.why = wire.why().empty() ? "an answer without an end" : wire.why();
  wire.note(asked.answer.why);
  asked.told = wire.told();
  return asked;
}

Asked Probe::ask(Hello hello) {
  auto wire = before_tls(hello.version);
  if (!wire) return not_asked(wire.error());
  const auto name = expected_name();
  if (hello.extensions && !IpAddress::parse(name)) hello.host = name;
  wire->note("ClientHello: " + version_name(hello.version) + ", " +
             std::to_string(hello.suites.size()) + " suites");
  return exchange(*wire, client_hello(hello));
}

Asked Probe::ask_in_v2_form(const Hello& hello) {
  auto wire = before_tls(hello.version);
  if (!wire) return not_asked(wire.error());
  wire->note("ClientHello in the form of SSL 2.0: " + version_name(hello.version));
  return exchange(*wire, client_hello_v2(hello));
}

const Offer& Probe::offer() {
  if (offer_) return *offer_;
  auto& offer = offer_.emplace();
  auto wire = greeted();
  if (!wire) {
    offer.problem = wire.error().input;
    return offer;
  }
  const auto reply = wire->command(hello_line());
  for (const auto& line : lines_of(reply)) {
    const auto word = first_word(line);
    if (iequals(word, "STARTTLS")) offer.keyword = line;
    if (iequals(word, "TLS")) offer.draft = line;
    if (iequals(word, "ENHANCEDSTATUSCODES")) offer.enhanced_codes = true;
  }
  if (reply.code != 250) offer.problem = said(reply);
  offer.starttls = !(options_.draft ? offer.draft : offer.keyword).empty();
  wire->leave();
  offer.told = wire->told();
  return offer;
}

const Inside& Probe::inside() {
  if (inside_) return *inside_;
  auto& inside = inside_.emplace();
  auto wire = secured();
  if (!wire) {
    inside.problem = wire.error().input;
    return inside;
  }
  inside.reached = true;
  inside.facts = wire->session()->facts();
  inside.chain = wire->session()->peer_chain();
  inside.hello = wire->command(hello_line());
  inside.starttls = wire->command(start_line());
  if (inside.starttls.code != 220) wire->leave();
  inside.told = wire->told();
  return inside;
}

Finding judge_refusal(Probe& probe, const Asked& asked, Verdict taken) {
  const auto& [answer, told] = asked;
  if (answer.agreed()) return found(taken, "accepted: " + answer.text(), told);
  if (answer.kind == HelloAnswer::Kind::NotAsked) {
    return found(Verdict::Skipped, answer.text(), told);
  }
  if (!probe.inside().reached) {
    return found(Verdict::Skipped, "this server refuses all: " + probe.inside().problem, told);
  }
  return found(Verdict::Pass, "refused: " + answer.text(), told);
}

Finding judge(Probe& probe, const Rule& rule) {
  if (probe.is_over()) return found(Verdict::Skipped, "the time was over before");
  const bool implicit = probe.target().implicit;
  if (implicit && rule.needs != Needs::Tls) {
    return found(Verdict::Skipped, "TLS begins with the first byte here");
  }
  if (!implicit && rule.needs != Needs::Clear && !probe.offer().starttls) {
    const auto& problem = probe.offer().problem;
    return found(Verdict::Skipped, problem.empty() ? "STARTTLS is not offered" : problem);
  }
  return rule.judge(probe);
}

}  // namespace outrider::app::probe
