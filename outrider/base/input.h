// A session's input: bytes that were read and not yet understood. While nothing waits, it owns no
// memory but itself, so that ten thousand idle connections cost next to nothing.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace outrider {

/// Read into prepare(), then received(n); look at view(), then consume(n). Slabs of 64 KiB come
/// from a free list of the thread and go back to it by rest().
class Input {
 public:
  static constexpr std::size_t slab_size = 64 * 1024;

  Input() = default;
  Input(Input&&) noexcept;
  Input& operator=(Input&&) noexcept;
  ~Input();

  std::span<char> prepare();      ///< room behind the waiting bytes; empty when there is none
  void received(std::size_t n);   ///< n bytes of the last prepare() are there now
  void append(std::string_view);  ///< prepare, copy, received; the bytes must fit
  std::string_view view() const { return {data_ + begin_, end_ - begin_}; }
  void consume(std::size_t n);
  bool empty() const { return begin_ == end_; }

  /// To be called before waiting for more: gives the slab back; a short rest (a command line that
  /// is not complete yet) moves to memory of its own size. Views become invalid.
  void rest();

 private:
  void release();

  char* data_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace outrider
