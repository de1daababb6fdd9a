#include "outrider/base/input.h"

#include <cassert>
#include <cstring>
#include <utility>
#include <vector>

namespace outrider {
namespace {

// A few slabs per thread: as many as it has conversations in the middle of a read. An Input that
// outlives its thread's list, a static one for example, finds that there is none.
struct FreeSlabs {
  static constexpr std::size_t most = 64;
  static thread_local bool over;

  ~FreeSlabs() { over = true; }
  std::vector<std::unique_ptr<char[]>> slabs;
};

thread_local bool FreeSlabs::over = false;
thread_local FreeSlabs free_slabs;

char* take_slab() {
  if (FreeSlabs::over || free_slabs.slabs.empty()) return new char[Input::slab_size];
  auto* slab = free_slabs.slabs.back().release();
  free_slabs.slabs.pop_back();
  return slab;
}

void give_back(char* memory, std::size_t capacity) {
  std::unique_ptr<char[]> owned(memory);
  if (FreeSlabs::over) return;
  if (capacity == Input::slab_size && free_slabs.slabs.size() < FreeSlabs::most) {
    free_slabs.slabs.push_back(std::move(owned));
  }
}

}  // namespace

Input::Input(Input&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)) {}

Input& Input::operator=(Input&& other) noexcept {
  if (this == &other) return *this;
  release();
  data_ = std::exchange(other.data_, nullptr);
  capacity_ = std::exchange(other.capacity_, 0);
  begin_ = std::exchange(other.begin_, 0);
  end_ = std::exchange(other.end_, 0);
  return *this;
}

Input::~Input() { release(); }

std::span<char> Input::prepare() {
  if (capacity_ != slab_size) {
    char* slab = take_slab();
    const auto waiting = view();
    if (!waiting.empty()) std::memcpy(slab, waiting.data(), waiting.size());
    release();
    data_ = slab;
    capacity_ = slab_size;
    end_ = waiting.size();
  } else if (begin_ > 0 && capacity_ - end_ < slab_size / 4) {
    std::memmove(data_, data_ + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  return {data_ + end_, capacity_ - end_};
}

void Input::received(std::size_t n) {
  assert(n <= capacity_ - end_);
  end_ += n;
}

void Input::append(std::string_view bytes) {
  const auto room = prepare();
  assert(bytes.size() <= room.size());
  std::memcpy(room.data(), bytes.data(), bytes.size());
  received(bytes.size());
}

void Input::consume(std::size_t n) {
  assert(n <= end_ - begin_);
  begin_ += n;
  if (begin_ == end_) begin_ = end_ = 0;
}

void Input::rest() {
  if (capacity_ != slab_size) return;
  const auto waiting = view();
  if (waiting.size() > slab_size / 16) return;
  char* own = nullptr;
  if (!waiting.empty()) {
    own = new char[waiting.size()];
    std::memcpy(own, waiting.data(), waiting.size());
  }
  const auto size = waiting.size();
  release();
  data_ = own;
  capacity_ = end_ = size;
}

void Input::release() {
  if (data_) give_back(data_, capacity_);
  data_ = nullptr;
  capacity_ = begin_ = end_ = 0;
}

}  // namespace outrider
