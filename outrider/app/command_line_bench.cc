#include "outrider/app/command_line_bench.h"

#include <fmt/format.h>

#include <memory>
#include <vector>

#include "outrider/app/bench_command.h"
#include "outrider/base/text.h"
#include "outrider/smtp/grammar.h"

namespace outrider::app {
namespace {

using bench::Pattern;
using bench::TlsWish;
using List = std::string tls::Parameters::*;
using Options = std::vector<CLI::Option*>;

// CLI::Range lets "nan" pass.
CLI::Validator between(double least, double most) {
  return {[least, most](const std::string& text) {
            double number = 0;
            const bool good =
                CLI::detail::lexical_cast(text, number) && number >= least && number <= most;
            return good ? std::string()
                        : fmt::format("\"{}\" is no number from {} to {}", printable(text), least,
                                      most);
          },
          fmt::format("from {} to {}", least, most)};
}

CLI::Validator named_by(bool (*is_one)(std::string_view), std::string_view what) {
  return {[is_one, what](const std::string& text) {
            return is_one(text) ? std::string()
                                : fmt::format("\"{}\" is no {}", printable(text), what);
          },
          ""};
}

bool is_mailbox(std::string_view text) {
  return smtp::parse_mailbox(text, smtp::Letters::Ascii).has_value();
}

bool is_server_name(std::string_view text) {
  return IpAddress::parse(text) || smtp::parse_domain_name(text, smtp::Letters::Ascii);
}

// What the library takes: an item that it does not know is named, and so is a list of it that does
// not go together.
CLI::Validator list_of(tls::List list, List field) {
  return {[list, field](const std::string& text) {
            if (text.empty()) return std::string("\"\" names none");
            const auto known = tls::check(list, text);
            if (!known) return known.error().text();
            tls::ClientOptions options;
            options.parameters.*field = text;
            const auto context = tls::ClientContext::load(options);
            return context ? std::string()
                           : fmt::format("\"{}\": {}", printable(text), context.error().text());
          },
          ""};
}

void add_pattern(CLI::App& command, bench::SourceOptions& options) {
  command.add_option("-s,--sessions", options.sessions, "Connections at once")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command.add_option("-m,--count", options.count, "Messages; with --greet and --idle connections")
      ->check(CLI::Range(1, 100000000))
      ->capture_default_str();
  command.add_option("--per-connection", options.per_connection,
                     "Messages of a connection (0: as many as the server takes)");
  command.add_option("--rate", options.rate, "Messages or connections a second (0: no limit)")
      ->check(between(0, 1e7));
  auto* greet = command.add_flag_callback(
      "--greet", [&options] { options.pattern = Pattern::Greet; },
      "No mail: connect, EHLO, TLS where it is asked for, QUIT");
  command
      .add_option_function<unsigned>(
          "--idle",
          [&options](unsigned seconds) {
            options.pattern = Pattern::Idle;
            options.hold = std::chrono::seconds(seconds);
          },
          "No mail: open all connections, and keep them for so many seconds")
      ->excludes(greet);
  command.add_option("--threads", options.threads, "I/O threads")->check(CLI::Range(1, 64));
}

void add_mail(CLI::App& command, BenchSourceRequest& request) {
  auto& options = request.options;
  command
      .add_option("-l,--size", request.size,
                  "Bytes of a message: 4096, 100K, or 1K-20M for a long-tailed mix")
      ->capture_default_str();
  const auto mailbox = named_by(is_mailbox, "mailbox; user@example.org is");
  command.add_option("-f,--from", options.from, "Sender")->check(mailbox)->capture_default_str();
  command.add_option("-t,--to", options.to, "Recipient")->check(mailbox)->capture_default_str();
  command.add_option("-r,--recipients", options.recipients, "Recipients of a message")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command.add_option("--users", options.users, "Turn through recipients 0.USER to N-1.USER");
  command.add_option("--domains", options.domains, "Turn through domains 0.DOMAIN to N-1.DOMAIN");
  command.add_option("--helo", options.hostname, "Our name in EHLO")
      ->check(named_by(smtp::is_helo_name, "name for EHLO"));
  command.add_flag("--bdat,!--no-bdat", options.chunking, "Use BDAT where offered");
  command.add_flag("--pipelining,!--no-pipelining", options.pipelining,
                   "Use pipelining where offered");
}

// Those of both halves: what is offered, and what is taken.
Options add_parameters(CLI::App& command, tls::Parameters& parameters) {
  Options options;
  options.push_back(command
                        .add_option_function<std::string>(
                            "--tls-version",
                            [&parameters](const std::string& text) {
                              parameters.least = parameters.most = *tls::version_named(text);
                            },
                            "This version and no other")
                        ->check(CLI::IsMember({"1.2", "1.3"})));
  const auto add_list = [&](const char* name, tls::List list, List field, const char* what) {
    options.push_back(
        command.add_option(name, parameters.*field, what)->check(list_of(list, field)));
  };
  add_list("--groups", tls::List::Groups, &tls::Parameters::groups,
           "Groups of the key exchange, as OpenSSL names them: P-256:X25519");
  add_list("--ciphers", tls::List::Ciphers, &tls::Parameters::ciphers,
           "Ciphers of TLS 1.2, as OpenSSL names them: ECDHE-RSA-AES128-GCM-SHA256");
  add_list("--cipher-suites", tls::List::Suites, &tls::Parameters::suites,
           "Suites of TLS 1.3: TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
  add_list("--signatures", tls::List::Signatures, &tls::Parameters::signatures,
           "Signature algorithms: ECDSA+SHA256:RSA-PSS+SHA256");
  options.push_back(command.add_flag_callback(
      "--no-tickets", [&parameters] { parameters.tickets = false; }, "No resumption"));
  return options;
}

void check_lists(const tls::Parameters& parameters) {
  if (parameters.least == tls::Version::Tls13 && !parameters.ciphers.empty())
    throw CLI::ValidationError("--ciphers",
                               "of TLS 1.2, and --tls-version is 1.3; see "
                               "--cipher-suites");
  if (parameters.most == tls::Version::Tls12 && !parameters.suites.empty())
    throw CLI::ValidationError("--cipher-suites",
                               "of TLS 1.3, and --tls-version is 1.2; see "
                               "--ciphers");
}

// What is given of them is of no use without TLS.
Options add_source_tls(CLI::App& command, BenchSourceRequest& request) {
  auto& options = request.options;
  auto* starttls = command.add_flag_callback(
      "--starttls", [&options] { options.tls = TlsWish::StartTls; }, "STARTTLS, or nothing");
  command
      .add_flag_callback(
          "--implicit-tls", [&options] { options.tls = TlsWish::Implicit; },
          "TLS from the first byte")
      ->excludes(starttls);
  Options all = add_parameters(command, options.tls_options.parameters);
  auto* no_tickets = all.back();
  all.push_back(
      command.add_flag("--resume", options.resume, "Resume sessions of TLS")->excludes(no_tickets));
  all.push_back(command.add_option("--ca", options.tls_options.ca_file,
                                   "PEM file of authorities: the certificate must be good for the "
                                   "server's name"));
  all.push_back(command
                    .add_option("--tls-name", request.tls_name,
                                "The server's name, in SNI and of --ca, where --server names "
                                "another")
                    ->check(named_by(is_server_name, "name of a server")));
  auto* certificate = command.add_option("--certificate", request.key.certificate_file,
                                         "PEM file: our certificate, for a server that asks");
  all.push_back(certificate);
  all.push_back(command.add_option("--key", request.key.key_file, "PEM file, where it is another")
                    ->needs(certificate));
  return all;
}

void check_source(const CLI::App& command, const Options& of_tls,
                  const bench::SourceOptions& options) {
  for (const auto* option : of_tls) {
    if (options.tls == TlsWish::None && option->count() > 0)
      throw CLI::ValidationError(option->get_name(),
                                 "is about TLS: it needs --starttls or --implicit-tls");
  }
  check_lists(options.tls_options.parameters);
  if (options.pattern == Pattern::Send) return;
  for (const auto* name : {"--size", "--recipients", "--per-connection", "--from", "--to",
                           "--users", "--domains", "--bdat", "--pipelining"}) {
    if (command.count(name) > 0)
      throw CLI::ValidationError(name, "is about mail, and with --greet or --idle there is none");
  }
}

void add_source(CLI::App& bench, CommandLine& line) {
  auto* command =
      bench.add_subcommand("source", "Give a server mail, and tell how it took it")
          ->footer(
              "  outrider bench source --server 127.0.0.1:2525 -s 100 -m 10000\n"
              "  outrider bench source --server 127.0.0.1:2525 --size 1K-20M --domains 50 "
              "--starttls\n"
              "  outrider bench source --server 127.0.0.1:2525 --greet --starttls --resume\n"
              "  outrider bench source --server 192.0.2.1 --starttls --ca ca.pem "
              "--tls-name mx.example.org\n"
              "Exit code: 0 all was taken, 69 something was refused or unanswered, 64 usage.\n"
              "It is a load: point it at servers that are yours. docs/bench.md tells more.");
  const auto request = std::make_shared<BenchSourceRequest>();
  command->add_option("--server", request->server, "host:port or [ipv6]:port")
      ->capture_default_str();
  add_pattern(*command, request->options);
  add_mail(*command, *request);
  const Options of_tls = add_source_tls(*command, *request);
  command->add_flag("--json", request->json, "Print one JSON object");
  command->callback([request, command, of_tls, &line] {
    check_source(*command, of_tls, request->options);
    line.run = [request] { return bench_source(*request); };
  });
}

void add_sink_tls(CLI::App& command, BenchSinkRequest& request) {
  auto& options = request.options;
  auto* certificate = command.add_option("--certificate", request.key.certificate_file,
                                         "PEM file: offer STARTTLS with it");
  command.add_option("--key", request.key.key_file, "PEM file, where it is another")
      ->needs(certificate);
  command.add_flag("--implicit-tls", options.implicit_tls, "TLS from the first byte")
      ->needs(certificate);
  command
      .add_option("--client-ca", options.client_ca_file,
                  "PEM file: ask clients for a certificate, and count those of these authorities")
      ->needs(certificate);
  for (auto* option : add_parameters(command, options.parameters)) option->needs(certificate);
}

void add_sink(CLI::App& bench, CommandLine& line) {
  auto* command =
      bench.add_subcommand("sink", "Take all mail, look whether it is whole, keep none")
          ->footer(
              "  outrider bench sink --listen 127.0.0.1:2526 --expect 10000\n"
              "  outrider bench sink --listen 127.0.0.1:2526 --refuse 0.3 --delay 50\n"
              "Exit code: 0 what came was whole and came once, and all that was expected came;\n"
              "65 not so; 64 usage. docs/bench.md tells more.");
  const auto request = std::make_shared<BenchSinkRequest>();
  auto& options = request->options;
  options.smtp.hostname = "sink.bench.invalid";
  options.smtp.limits = {.recipients = 100000,
                         .message_size = 1U << 30,
                         .errors = 1000000,
                         .idle_commands = 10000000,
                         .transactions = 100000000};
  command->add_option("--listen", request->address, "Address; port 0 is a free one")
      ->capture_default_str();
  command->add_option("--expect", request->expect,
                      "End a second after so many different deliveries have come");
  command
      ->add_option_function<unsigned>(
          "--seconds",
          [request](unsigned seconds) { request->patience = std::chrono::seconds(seconds); },
          "End after so long")
      ->check(CLI::Range(1, 86400));
  command->add_option("--refuse", options.refuse, "Share of the users that get 550, from 0 to 1")
      ->check(between(0, 1));
  command->add_option_function<unsigned>(
      "--delay", [request](unsigned ms) { request->options.delay = std::chrono::milliseconds(ms); },
      "Milliseconds before a message is answered");
  add_sink_tls(*command, *request);
  command->add_flag("--lmtp", options.smtp.lmtp, "Speak LMTP");
  command->add_option("--threads", options.threads, "I/O threads")->check(CLI::Range(1, 64));
  command->add_flag("--count", request->count, "Tell the counts whenever they change");
  command->add_flag("--json", request->json, "Print the counts as one JSON object");
  command->callback([request, &line] {
    check_lists(request->options.parameters);
    line.run = [request] { return bench_sink(*request); };
  });
}

}  // namespace

void add_bench(CLI::App& app, CommandLine& line) {
  auto* bench = app.add_subcommand("bench", "A load for a mail server, and a sink for it");
  bench->require_subcommand(1);
  add_source(*bench, line);
  add_sink(*bench, line);
}

}  // namespace outrider::app
