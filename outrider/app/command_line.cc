// The command line by CLI11: one function a subcommand, each giving what to run.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>

#include "outrider/app/check.h"
#include "outrider/app/command_line_bench.h"
#include "outrider/app/command_line_parts.h"
#include "outrider/app/command_line_tls.h"
#include "outrider/app/config.h"
#include "outrider/app/exit_code.h"
#include "outrider/app/main.h"
#include "outrider/app/print.h"
#include "outrider/app/publish.h"
#include "outrider/app/queue_command.h"
#include "outrider/app/reference.h"
#include "outrider/app/send.h"
#include "outrider/app/serve.h"

namespace outrider::app {
namespace {

void add_serve(CLI::App& app, CommandLine& line) {
  auto* command =
      app.add_subcommand("serve", "Run the server in the foreground")
          ->footer("SIGTERM ends it once what runs is done, SIGHUP reads the configuration again.");
  add_common(*command, line);
  command->callback([&line] { line.run = [&line] { return serve(line.file); }; });
}

void add_check(CLI::App& app, CommandLine& line) {
  auto* command = app.add_subcommand("check", "Look for errors in the configuration and around it");
  add_common(*command, line);
  command->callback([&line] { line.run = [&line] { return check(line.file, line.json); }; });
}

void add_dns(CLI::App& app, CommandLine& line) {
  auto* command =
      app.add_subcommand("dns", "The records to publish for a domain, and whether they are")
          ->footer(
              "  outrider dns example.org\n"
              "  outrider dns example.org --next-key /etc/outrider/next.pem\n"
              "Exit code: 0 all is published as it should be, 1 something is not, 65 the domain\n"
              "is none of ours, or a certificate cannot be read. docs/publishing.md tells more.");
  add_common(*command, line);
  const auto request = std::make_shared<DnsRequest>();
  command->add_option("domain", request->domain, "A domain of the configuration")->required();
  command->add_option("--next-key", request->next_keys,
                      "PEM file of a certificate that will be used later");
  command->add_flag("--offline", request->offline, "Print the records, and ask nobody");
  command->callback([request, &line] {
    line.run = [request, &line] {
      request->file = line.file;
      request->json = line.json;
      return dns_command(*request);
    };
  });
}

void add_filter(CLI::App& command, CommandLine& line) {
  command.add_option("ids", line.queue.ids, "Message ids");
  command.add_option("--sender", line.queue.sender, "Of this sender: an address, or @domain");
  command.add_option("--recipient", line.queue.recipient,
                     "To this recipient: an address, or @domain");
  command.add_option("--destination", line.queue.destination, "For this next hop or domain");
}

void add_action(CLI::App& queue, CommandLine& line, const std::string& action,
                const std::string& help) {
  auto* command = queue.add_subcommand(action, help);
  add_socket(*command, line);
  add_filter(*command, line);
  command->add_flag("--all", line.queue.all, "Every message in the queue");
  command->callback([&line, action] {
    line.run = [&line, action] {
      return with_socket(line,
                         [&](const QueueRequest& request) { return queue_act(request, action); });
    };
  });
}

void add_queue(CLI::App& app, CommandLine& line) {
  auto* queue = app.add_subcommand("queue", "Look at the queue and act on it");
  queue->require_subcommand(1)->footer(
      "  outrider queue list --recipient @example.org\n"
      "  outrider queue show 06K2X7Q8M0001\n"
      "  outrider queue retry --destination example.org\n"
      "  outrider queue hold --sender spammer@example.com");
  auto* list = queue->add_subcommand("list", "What waits, and why");
  add_socket(*list, line);
  add_filter(*list, line);
  list->add_flag("--held", line.queue.held_only, "Only messages on hold");
  list->add_flag("--tls", line.queue.for_tls, "Only messages that wait for security alone");
  list->add_option("--after", line.queue.after, "The page behind this id");
  list->add_option("--limit", line.queue.limit, "Messages of a page")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  list->callback([&line] { line.run = [&line] { return with_socket(line, queue_list); }; });

  auto* show = queue->add_subcommand("show", "One message: envelope, history, content");
  add_socket(*show, line);
  show->add_option("id", line.queue.ids, "The message id")->required()->expected(1);
  show->add_flag("--content", line.queue.content, "All of the content, not only its first 64 KiB");
  show->callback([&line] { line.run = [&line] { return with_socket(line, queue_show); }; });

  add_action(*queue, line, "retry", "Try again now");
  add_action(*queue, line, "hold", "Keep, and do not try");
  add_action(*queue, line, "release", "End a hold");
  add_action(*queue, line, "remove", "Delete, without a notice to the sender");
}

void add_send_tls(CLI::App& command, CommandLine& line) {
  auto& send = line.send;
  auto* starttls = command.add_flag_callback(
      "--starttls", [&send] { send.tls = SendTls::StartTls; },
      "STARTTLS or nothing (without it: where offered)");
  auto* implicit = command.add_flag_callback(
      "--implicit-tls", [&send] { send.tls = SendTls::Implicit; }, "TLS from the first byte");
  auto* plain =
      command.add_flag_callback("--plain", [&send] { send.tls = SendTls::None; }, "No TLS");
  starttls->excludes(implicit)->excludes(plain);
  implicit->excludes(plain);
  command.add_option("--ca", send.ca_file, "PEM file of authorities");
  command.add_flag("--verify", send.verify, "The certificate must be good for the server's name");
}

void add_send(CLI::App& app, CommandLine& line) {
  auto& send = line.send;
  auto* command = app.add_subcommand("send", "Send a message and show the dialogue")
                      ->footer(
                          "  echo hello | outrider send --server mx.example.org:25 --from "
                          "me@example.com --to you@example.org\n"
                          "  outrider send --server [::1]:2525 --starttls --ca ca.pem --from "
                          "a@b.example --to c@d.example --size-of 1000000\n"
                          "  outrider send --lmtp --server unix:/run/dovecot/lmtp --to "
                          "user@example.org --body message.eml");
  command->add_option("--server", send.server, "host:port, [ipv6]:port or unix:/path")
      ->capture_default_str();
  command->add_option("--from", send.from, "Sender; none: the null reverse-path <>");
  command->add_option("--to", send.to, "Recipients")->required();
  command->add_option("--helo", send.helo, "Our name in EHLO");
  auto* body = command->add_option("--body", send.body_file,
                                   "A file, or - for standard input (the default)");
  command->add_option("--size-of", send.size_of, "Instead: a text of so many bytes")
      ->excludes(body);
  command->add_option("--header", send.headers, "A further field: 'X-Test: yes'");
  add_send_tls(*command, line);
  command->add_flag("--lmtp", send.lmtp, "Speak LMTP");
  command->add_flag("--smtputf8", send.smtputf8, "Ask for SMTPUTF8");
  command->add_flag("--bdat,!--no-bdat", send.chunking, "Use BDAT where offered");
  command->add_flag("--pipelining,!--no-pipelining", send.pipelining,
                    "Use pipelining where offered");
  command->add_option("--ret", send.ret, "full or hdrs")
      ->check(CLI::IsMember({"full", "hdrs"}, CLI::ignore_case));
  command->add_option("--notify", send.notify, "never, or success,failure,delay");
  command->add_option("--envid", send.envid, "Envelope id of notices");
  command->add_option("--orcpt", send.orcpt, "Original recipient: rfc822;user@example.org");
  command->add_option("--repeat", send.repeat, "Send it so often on one connection")
      ->check(CLI::Range(1, 1000000));
  command->add_flag("-q,--quiet", send.quiet, "Only the results");
  command->add_flag("--json", send.json, "Only the results, a JSON object a line");
  command->callback([&line] { line.run = [&line] { return app::send(line.send); }; });
}

void add_config(CLI::App& app, CommandLine& line) {
  auto* config = app.add_subcommand("config", "The settings there are");
  config->require_subcommand(1)->footer("  outrider config defaults > outrider.toml");
  const auto add = [&](const char* name, const char* help, auto page) {
    auto* command = config->add_subcommand(name, help);
    command->add_flag("--json", line.json, "The settings as JSON: type, range, default, meaning");
    command->callback([&line, page] {
      line.run = [&line, page] {
        print(line.json ? settings_as_json() : page());
        return int{exit_ok};
      };
    });
  };
  add("defaults", "A configuration with every setting at its default", default_configuration);
  add("reference", "The reference page, in Markdown", reference_page);
}

void add_small(CLI::App& app, CommandLine& line) {
  auto* status = app.add_subcommand("status", "What the running server is doing");
  add_socket(*status, line);
  status->callback([&line] { line.run = [&line] { return with_socket(line, server_status); }; });
  auto* reload =
      app.add_subcommand("reload", "Have the running server read its configuration again");
  add_socket(*reload, line);
  reload->callback([&line] { line.run = [&line] { return with_socket(line, server_reload); }; });
  auto* version = app.add_subcommand("version", "The version");
  version->add_flag("--json", line.json, "Print JSON");
  version->callback([&line] {
    line.run = [&line] {
      print(line.json ? "{\"version\":\"" OUTRIDER_VERSION "\"}\n"
                      : "outrider " OUTRIDER_VERSION "\n");
      return int{exit_ok};
    };
  });
}

}  // namespace

int run(int argc, char** argv) {
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // lines come as they are told, in a pipe, too
  CommandLine line;
  CLI::App app{"Outrider, a mail transfer agent: takes mail, keeps it, gives it on over TLS.",
               "outrider"};
  app.set_version_flag("--version", "outrider " OUTRIDER_VERSION);
  app.require_subcommand(1)->footer(
      "outrider COMMAND --help tells more. Exit codes are those of sysexits.h.");
  add_serve(app, line);
  add_check(app, line);
  add_dns(app, line);
  add_queue(app, line);
  add_send(app, line);
  add_tls(app, line);
  add_bench(app, line);
  add_config(app, line);
  add_small(app, line);
  try {
    app.parse(argc, argv);
    return line.run();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? exit_ok : exit_usage;
  } catch (const std::exception& error) {
    print_error(error.what());
    return exit_software;
  }
}

}  // namespace outrider::app
