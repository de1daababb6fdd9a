#include "outrider/app/bench_command.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <optional>

#include "outrider/app/exit_code.h"
#include "outrider/app/find_server.h"
#include "outrider/app/print.h"

namespace outrider::app {
namespace {

constexpr timespec look_again{0, 20'000'000};
constexpr std::chrono::seconds duplicates_follow{1};

// Each connection is a file.
void allow_many_files() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

double percentile(const std::vector<float>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto last = sorted.size() - 1;
  return static_cast<double>(sorted[static_cast<std::size_t>(share * static_cast<double>(last))]);
}

double rate(std::uint64_t count, double seconds) {
  return seconds > 0 ? static_cast<double>(count) / seconds : 0;
}

boost::json::object as_json(const bench::SourceResult& result) {
  return {{"run", result.run},
          {"seconds", result.seconds},
          {"messages", result.messages},
          {"messages_per_second", rate(result.messages, result.seconds)},
          {"recipients", result.recipients},
          {"refused", result.refused},
          {"unanswered", result.unanswered},
          {"connections", result.connections},
          {"connections_per_second", rate(result.connections, result.seconds)},
          {"resumed", result.resumed},
          {"bytes", result.bytes},
          {"latency_ms",
           {{"median", percentile(result.latencies, 0.5)},
            {"p90", percentile(result.latencies, 0.9)},
            {"p99", percentile(result.latencies, 0.99)},
            {"most", percentile(result.latencies, 1)}}},
          {"first_error", result.first_error}};
}

std::string as_text(const bench::SourceResult& result) {
  std::string text = fmt::format(
      "{} messages to {} recipients in {:.2f} s: {:.0f} a second, {:.1f} MB/s\n"
      "{} connections, {:.0f} a second, {} of them resumed\n"
      "latency: median {:.2f} ms, 90 % {:.2f} ms, 99 % {:.2f} ms, most {:.2f} ms\n",
      result.messages, result.recipients, result.seconds, rate(result.messages, result.seconds),
      rate(result.bytes, result.seconds) / 1e6, result.connections,
      rate(result.connections, result.seconds), result.resumed, percentile(result.latencies, 0.5),
      percentile(result.latencies, 0.9), percentile(result.latencies, 0.99),
      percentile(result.latencies, 1));
  if (!result.first_error.empty()) {
    text += fmt::format("{} recipients refused, {} messages or connections unanswered: {}\n",
                        result.refused, result.unanswered, result.first_error);
  }
  return text;
}

boost::json::object as_json(const bench::SinkCounts& counts) {
  return {{"connections", counts.connections},
          {"secured", counts.secured},
          {"resumed", counts.resumed},
          {"verified", counts.verified},
          {"messages", counts.messages},
          {"deliveries", counts.deliveries},
          {"distinct", counts.distinct},
          {"refused", counts.refused},
          {"damaged", counts.damaged},
          {"unlabelled", counts.unlabelled},
          {"bytes", counts.bytes}};
}

std::string as_text(const bench::SinkCounts& counts) {
  const auto again = counts.deliveries - std::min(counts.deliveries, counts.distinct);
  return fmt::format(
      "{} messages, {} deliveries, {} of them once; {} damaged, {} not of a source; {} recipients "
      "refused\n{} connections, {} in TLS, {} of them resumed\n",
      counts.messages, counts.deliveries, again == 0 ? counts.deliveries : counts.distinct,
      counts.damaged, counts.unlabelled, counts.refused, counts.connections, counts.secured,
      counts.resumed);
}

void tell(const bench::SinkCounts& counts, bool json) {
  print(json ? boost::json::serialize(as_json(counts)) + "\n" : as_text(counts));
}

// Until a signal, the time or the last expected delivery ends it.
bench::SinkCounts watch(const bench::Sink& sink, const BenchSinkRequest& request) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&signals, number);
  const Steady begun = steady_now();
  std::uint64_t told = 0;
  std::optional<Steady> complete;
  for (;;) {
    const bool signalled = ::sigtimedwait(&signals, nullptr, &look_again) > 0;
    const bench::SinkCounts counts = sink.counts();
    if (request.count && counts.messages != told) {
      told = counts.messages;
      print(fmt::format("messages={} deliveries={}\n", counts.messages, counts.deliveries));
    }
    if (signalled) return counts;
    const Steady now = steady_now();
    if (!complete && request.expect > 0 && counts.distinct >= request.expect) complete = now;
    if (complete && now - *complete >= duplicates_follow) return counts;
    if (request.patience.count() > 0 && now - begun > request.patience) return counts;
  }
}

}  // namespace

int bench_source(BenchSourceRequest& request) {
  auto& options = request.options;
  const auto sizes = bench::Sizes::parse(request.size);
  if (!sizes) {
    print_error("--size: \"" + request.size + "\" is no size; 4096, 100K and 1K-20M are");
    return exit_usage;
  }
  options.sizes = *sizes;
  const auto server = find_server(request.server, options.host);
  if (!server) {
    const bool misnamed = server.error().blame == Blame::Operator;
    print_error((misnamed ? "--server: " : "") + server.error().text());
    return misnamed ? exit_usage : exit_unavailable;
  }
  options.server = *server;
  if (!request.tls_name.empty()) options.host = request.tls_name;
  options.verify = !options.tls_options.ca_file.empty();
  if (!request.key.certificate_file.empty()) options.tls_options.key = request.key;
  ::signal(SIGPIPE, SIG_IGN);
  allow_many_files();
  const auto all_open = [&request](const bench::SourceResult& result) {
    print(request.json ? boost::json::serialize(as_json(result)) + "\n"
                       : fmt::format("open: {} of {} connections\n", result.connections,
                                     request.options.count));
  };
  const auto result = bench::run_source(options, all_open);
  if (!result) {
    print_error(result.error().text());
    return exit_no_input;
  }
  if (options.pattern != bench::Pattern::Idle)
    print(request.json ? boost::json::serialize(as_json(*result)) + "\n" : as_text(*result));
  return result->refused + result->unanswered == 0 ? exit_ok : exit_unavailable;
}

int bench_sink(BenchSinkRequest& request) {
  const auto address = net::ListenAddress::parse(request.address);
  if (!address) {
    print_error("--listen: \"" + request.address + "\" is no address; 127.0.0.1:2525 is");
    return exit_usage;
  }
  request.options.address = *address;
  if (!request.key.certificate_file.empty()) request.options.key = request.key;
  ::signal(SIGPIPE, SIG_IGN);
  allow_many_files();
  // Before threads start, so that none of them takes the signal that watch() waits for.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT}) sigaddset(&signals, number);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  const auto sink = bench::Sink::start(request.options);
  if (!sink) {
    print_error(sink.error().text());
    return exit_no_input;
  }
  print(fmt::format("listening on {}\n", (*sink)->address().text()));
  const bench::SinkCounts counts = watch(**sink, request);
  tell(counts, request.json);
  const bool once = counts.deliveries - counts.damaged <= counts.distinct + counts.unlabelled;
  const bool all = counts.distinct >= request.expect;
  return once && all && counts.damaged == 0 ? exit_ok : exit_data;
}

}  // namespace outrider::app
