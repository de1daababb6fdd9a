#include "outrider/report/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <new>

namespace outrider::report {
namespace {

constexpr int gzip_form = 16 + MAX_WBITS;  // zlib's way to say: with the header of gzip
constexpr std::size_t most_input = 64 << 20;

Bytef* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write there
}

struct Inflation {
  z_stream stream{};
  Inflation() {
    if (inflateInit2(&stream, gzip_form) != Z_OK) throw std::bad_alloc();
  }
  ~Inflation() { inflateEnd(&stream); }
  Inflation(const Inflation&) = delete;
};

std::unexpected<Error> refuse(std::string rule) {
  return fail(Blame::Peer, "gzip", std::move(rule), "RFC 1952");
}

}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, gzip_form, 8, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = unsigned_bytes(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = unsigned_bytes(out);
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Result<std::string> gunzip(std::string_view bytes, std::size_t most) {
  if (bytes.size() > most_input) return refuse("too long");
  Inflation inflation;
  z_stream& stream = inflation.stream;
  stream.next_in = unsigned_bytes(bytes);
  stream.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  std::array<char, 16384> part;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) {
      return refuse(stream.msg != nullptr ? stream.msg : "it ends too early");
    }
    const std::size_t made = part.size() - stream.avail_out;
    if (out.size() + made > most) return refuse("more than " + std::to_string(most) + " bytes");
    out.append(part.data(), made);
    if (status != Z_STREAM_END) continue;
    if (stream.avail_in == 0) return out;
    if (inflateReset(&stream) != Z_OK) return refuse("bytes behind the end");
  }
}

}  // namespace outrider::report
