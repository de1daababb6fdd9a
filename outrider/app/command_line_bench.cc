#include "outrider/app/command_line_bench.h"

#include <memory>

#include "outrider/app/bench_command.h"

namespace outrider::app {
namespace {

using bench::Pattern;
using bench::TlsWish;

void add_pattern(CLI::App& command, bench::SourceOptions& options) {
  command.add_option("-s,--sessions", options.sessions, "Connections at once")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command.add_option("-m,--count", options.count, "Messages; with --greet and --idle connections")
      ->check(CLI::Range(1, 100000000))
      ->capture_default_str();
  command.add_option("--per-connection", options.per_connection,
                     "Messages of a connection (0: as many as the server takes)");
  command.add_option("--rate", options.rate, "Messages or connections a second (0: no limit)");
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
  command.add_option("-f,--from", options.from, "Sender")->capture_default_str();
  command.add_option("-t,--to", options.to, "Recipient")->capture_default_str();
  command.add_option("-r,--recipients", options.recipients, "Recipients of a message")
      ->check(CLI::Range(1, 100000))
      ->capture_default_str();
  command.add_option("--users", options.users, "Turn through recipients 0.USER to N-1.USER");
  command.add_option("--domains", options.domains, "Turn through domains 0.DOMAIN to N-1.DOMAIN");
  command.add_option("--helo", options.hostname, "Our name in EHLO");
  command.add_flag("--bdat,!--no-bdat", options.chunking, "Use BDAT where offered");
  command.add_flag("--pipelining,!--no-pipelining", options.pipelining,
                   "Use pipelining where offered");
}

void add_source_tls(CLI::App& command, bench::SourceOptions& options) {
  auto* starttls = command.add_flag_callback(
      "--starttls", [&options] { options.tls = TlsWish::StartTls; }, "STARTTLS, or nothing");
  command
      .add_flag_callback(
          "--implicit-tls", [&options] { options.tls = TlsWish::Implicit; },
          "TLS from the first byte")
      ->excludes(starttls);
  command.add_flag("--resume", options.resume, "Resume sessions of TLS");
  command
      .add_option_function<std::string>(
          "--tls-version",
          [&options](const std::string& text) {
            const auto* version = tls::version_named(text);
            options.tls_options.parameters.least = *version;
            options.tls_options.parameters.most = *version;
          },
          "This version and no other")
      ->check(CLI::IsMember({"1.2", "1.3"}));
  command.add_option("--groups", options.tls_options.parameters.groups,
                     "Groups of the key exchange, as OpenSSL names them: P-256:X25519");
}

void add_source(CLI::App& bench, CommandLine& line) {
  auto* command =
      bench.add_subcommand("source", "Give a server mail, and tell how it took it")
          ->footer(
              "  outrider bench source --server 127.0.0.1:2525 -s 100 -m 10000\n"
              "  outrider bench source --server 127.0.0.1:2525 --size 1K-20M --domains 50 "
              "--starttls\n"
              "  outrider bench source --server 127.0.0.1:2525 --greet --starttls --resume\n"
              "Exit code: 0 all was taken, 69 something was refused or unanswered, 64 usage.\n"
              "It is a load: point it at servers that are yours. docs/bench.md tells more.");
  const auto request = std::make_shared<BenchSourceRequest>();
  command->add_option("--server", request->server, "host:port or [ipv6]:port")
      ->capture_default_str();
  add_pattern(*command, request->options);
  add_mail(*command, *request);
  add_source_tls(*command, request->options);
  command->add_flag("--json", request->json, "Print one JSON object");
  command->callback([request, &line] { line.run = [request] { return bench_source(*request); }; });
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
  command->add_option("--expect", request->expect, "End when so many deliveries have come");
  command
      ->add_option_function<unsigned>(
          "--seconds",
          [request](unsigned seconds) { request->patience = std::chrono::seconds(seconds); },
          "End after so long")
      ->check(CLI::Range(1, 86400));
  command->add_option("--refuse", options.refuse, "Share of the users that get 550, from 0 to 1")
      ->check(CLI::Range(0.0, 1.0));
  command->add_option_function<unsigned>(
      "--delay", [request](unsigned ms) { request->options.delay = std::chrono::milliseconds(ms); },
      "Milliseconds before a message is answered");
  auto* certificate = command->add_option("--certificate", request->key.certificate_file,
                                          "PEM file: offer STARTTLS with it");
  command->add_option("--key", request->key.key_file, "PEM file, where it is another")
      ->needs(certificate);
  command->add_flag("--implicit-tls", options.implicit_tls, "TLS from the first byte")
      ->needs(certificate);
  command->add_flag("--lmtp", options.smtp.lmtp, "Speak LMTP");
  command->add_option("--threads", options.threads, "I/O threads")->check(CLI::Range(1, 64));
  command->add_flag("--count", request->count, "Tell the counts whenever they change");
  command->add_flag("--json", request->json, "Print the counts as one JSON object");
  command->callback([request, &line] { line.run = [request] { return bench_sink(*request); }; });
}

}  // namespace

void add_bench(CLI::App& app, CommandLine& line) {
  auto* bench = app.add_subcommand("bench", "A load for a mail server, and a sink for it");
  bench->require_subcommand(1);
  add_source(*bench, line);
  add_sink(*bench, line);
}

}  // namespace outrider::app
