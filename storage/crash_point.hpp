#pragma once
// Named crash points: places in the writing of control state, models and backups where a test lets the process die as
// by kill -9. A test facility, always compiled in; unarmed it costs one relaxed load.
//
// Armed by the environment: TROUPE_CRASH_AT=control.after_commit, or control.after_commit:3 for the third time that the
// point is passed. Nothing else arms it, and it does nothing but kill its own process.

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "runtime/base/result.hpp"

namespace troupe::storage {

inline constexpr const char* crash_point_variable = "TROUPE_CRASH_AT";

/// Every point there is, in the order in which a write passes them.
inline constexpr std::array crash_point_names{
    std::string_view("control.before_commit"),   // Nothing of the transaction is on disk.
    std::string_view("control.after_commit"),    // It is durable; nobody has been told.
    std::string_view("head.before_answer"),      // The head has taken it over; the caller has no answer.
    std::string_view("model.before_files"),      // An empty, invisible folder.
    std::string_view("model.after_file"),        // One more file is copied.
    std::string_view("model.before_manifest"),   // All files, no manifest.
    std::string_view("model.before_rename"),     // Whole, but still invisible.
    std::string_view("model.after_rename"),      // Visible, but its folder's entry is not synced.
    std::string_view("model.before_remove"),     // A grave is dug.
    std::string_view("model.after_remove"),      // Invisible, but its files are still there.
    std::string_view("intake.after_chunk"),      // Some more bytes of a version that comes in are written.
    std::string_view("intake.before_publish"),   // It is whole, but still invisible.
    std::string_view("backup.after_file"),       // One more file is copied.
    std::string_view("backup.before_manifest"),  // All files, no manifest.
    std::string_view("backup.before_rename"),    // Whole, but under its temporary name.
    std::string_view("restore.after_file"),      // One more file is copied.
    std::string_view("restore.before_rename"),   // Whole, but under its temporary name.
    std::string_view("key.after_next"),          // A node has made its next key; nobody knows it.
    std::string_view("key.before_adopt"),        // Everybody does; the node still starts with the last one.
    std::string_view("key.after_adopt"),         // It starts with the next one, but does not use it yet.
};

/// A name of the list above; any other does not compile.
class CrashPoint {
 public:
  consteval explicit(false) CrashPoint(const char* name)
      : index_(static_cast<uint32_t>(std::ranges::find(crash_point_names, std::string_view(name)) -
                                     crash_point_names.begin())) {
    if (index_ == crash_point_names.size()) throw "no such crash point";
  }
  uint32_t index() const noexcept { return index_; }

 private:
  uint32_t index_;
};

namespace detail {
inline constexpr uint32_t no_crash_point = UINT32_MAX;
inline std::atomic<uint32_t> armed_crash_point{no_crash_point};
void pass_armed_crash_point() noexcept;
}  // namespace detail

/// Dies here if this point is the armed one and its time has come. Any thread.
inline void crash_point(CrashPoint point) noexcept {
  if (detail::armed_crash_point.load(std::memory_order_relaxed) == point.index()) detail::pass_armed_crash_point();
}

/// Arms the point that `text` ("NAME" or "NAME:NTH", counted from 1) names; null disarms. invalid_argument says which
/// names there are.
Status arm_crash_point(const char* text);

}  // namespace troupe::storage
