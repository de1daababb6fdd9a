// `outrider bench`: a load for a mail server, and a sink for what it sends on.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "outrider/bench/sink.h"
#include "outrider/bench/source.h"

namespace outrider::app {

struct BenchSourceRequest {
  bench::SourceOptions options;
  std::string server = "127.0.0.1:25";
  std::string size = "4096";
  std::string tls_name;  ///< in place of the server's own
  tls::KeyPair key;      ///< of the client; without a file: none
  bool json = false;
};

struct BenchSinkRequest {
  bench::SinkOptions options;
  std::string address = "127.0.0.1:0";
  tls::KeyPair key;
  /// Deliveries, each counted once; a second later it ends, as one that comes again may be right
  /// behind the last. 0: not.
  std::uint64_t expect = 0;
  std::chrono::seconds patience{0};  ///< it ends then; 0: not
  bool count = false;                ///< tells its counts whenever they change
  bool json = false;
};

/// Exit codes: 0 all was taken; 69 some was refused or went unanswered; 64 and 66 as ever.
int bench_source(BenchSourceRequest& request);
/// Exit codes: 0 all that came was whole and came once, and as much as was expected; else 65.
int bench_sink(BenchSinkRequest& request);

}  // namespace outrider::app
