#include <fmt/format.h>
#include <sys/mman.h>
#include <unbound.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include "outrider/base/text.h"
#include "outrider/dns/questions.h"
#include "outrider/dns/unbound_config.h"

namespace outrider::dns {
namespace {

/// The configuration as a file that only this process sees.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text) : descriptor_(::memfd_create("unbound", MFD_CLOEXEC)) {
    while (descriptor_ >= 0 && !text.empty()) {
      const auto written = ::write(descriptor_, text.data(), text.size());
      if (written <= 0) break;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    whole_ = descriptor_ >= 0 && text.empty();
  }
  ~MemoryFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  bool whole() const { return whole_; }
  std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
  bool whole_ = false;
};

/// What the library has to say while it is set up; later it is silent, for its log is not ours.
class Words {
 public:
  explicit Words(ub_ctx* context) : context_(context), stream_(::open_memstream(&text_, &size_)) {
    ub_ctx_debugout(context_, stream_);
  }
  ~Words() {
    ub_ctx_debugout(context_, nullptr);
    if (stream_ != nullptr) std::fclose(stream_);
    std::free(text_);
  }
  Words(const Words&) = delete;
  Words& operator=(const Words&) = delete;

  std::string text() {
    if (stream_ == nullptr || std::fflush(stream_) != 0 || size_ == 0) return "no reason given";
    return printable(std::string_view(text_, size_), 500);
  }

 private:
  ub_ctx* context_;
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* stream_;
};

bool reads(ub_ctx* context, const std::string& config) {
  const MemoryFile file(config);
  return file.whole() && ub_ctx_config(context, file.path().c_str()) == 0;
}

// The library's parser tells its reasons on standard error alone, so the line is looked for.
std::unexpected<Error> fail_for_option(Options options) {
  const auto lines = std::exchange(options.unbound_options, {});
  for (const auto& line : lines) {
    options.unbound_options.push_back(line);
    const auto config = unbound_config(options);
    const UnboundContext fresh(ub_ctx_create());
    if (config && fresh && !reads(fresh.get(), *config)) {
      return fail(Blame::Operator, fmt::format("unbound option \"{}\"", printable(line)),
                  "unbound.conf(5)", "dns");
    }
  }
  return fail(Blame::Environment, "libunbound cannot read its options", "/proc is mounted", "dns");
}

Result<void> configure(ub_ctx* context, const Options& options) {
  const auto config = unbound_config(options);
  if (!config) return std::unexpected(config.error());
  Words words(context);
  if (!reads(context, *config)) return fail_for_option(options);
  const auto refused = [&](std::string_view what, int error) {
    return fail(Blame::Operator, fmt::format("{}: {}", what, words.text()),
                fmt::format("libunbound: {}", ub_strerror(error)), "dns");
  };
  if (!options.hosts_file.empty()) {
    const int error = ub_ctx_hosts(context, options.hosts_file.c_str());
    if (error != 0) return refused(fmt::format("hosts file {}", options.hosts_file), error);
  }
  if (const int error = ub_ctx_async(context, 1); error != 0) return refused("thread", error);
  // Any call that needs the whole configuration makes the library look at it now.
  const int error = ub_ctx_zone_remove(context, "outrider.invalid.");
  if (error != 0) return refused("resolver options", error);
  return {};
}

}  // namespace

void DeleteContext::operator()(ub_ctx* context) const { ub_ctx_delete(context); }

Result<UnboundContext> make_unbound_context(const Options& options) {
  UnboundContext context(ub_ctx_create());
  if (!context) return fail(Blame::Environment, "libunbound has no memory", "", "dns");
  if (auto configured = configure(context.get(), options); !configured) {
    return std::unexpected(configured.error());
  }
  return context;
}

}  // namespace outrider::dns
