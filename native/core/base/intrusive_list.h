// A doubly linked list whose links live inside the elements: no allocation, O(1) unlink from anywhere. An
// element is in at most one list per link. Not thread-safe: the owner of the list owns the links.
#pragma once

#include <cstddef>

#include "core/base/check.h"

namespace flumen {

template <typename T>
struct ListLink {
  T* prev = nullptr;
  T* next = nullptr;
  bool linked = false;
};

template <typename T, ListLink<T> T::*kLink>
class IntrusiveList {
 public:
  bool empty() const { return head_ == nullptr; }
  T* front() const { return head_; }
  T* back() const { return tail_; }
  static T* next(const T* item) { return (item->*kLink).next; }
  static bool linked(const T* item) { return (item->*kLink).linked; }

  void push_back(T* item) { insert_after(tail_, item); }

  /// Inserts `item` behind `where`; `where == nullptr` inserts at the front.
  void insert_after(T* where, T* item) {
    ListLink<T>& link = item->*kLink;
    FLUMEN_CHECK(!link.linked);
    link.prev = where;
    link.next = where != nullptr ? (where->*kLink).next : head_;
    link.linked = true;
    if (where != nullptr) {
      (where->*kLink).next = item;
    } else {
      head_ = item;
    }
    if (link.next != nullptr) {
      (link.next->*kLink).prev = item;
    } else {
      tail_ = item;
    }
  }

  void remove(T* item) {
    ListLink<T>& link = item->*kLink;
    FLUMEN_CHECK(link.linked);
    if (link.prev != nullptr) {
      (link.prev->*kLink).next = link.next;
    } else {
      head_ = link.next;
    }
    if (link.next != nullptr) {
      (link.next->*kLink).prev = link.prev;
    } else {
      tail_ = link.prev;
    }
    link = ListLink<T>{};
  }

  T* pop_front() {
    T* item = head_;
    if (item != nullptr) remove(item);
    return item;
  }

 private:
  T* head_ = nullptr;
  T* tail_ = nullptr;
};

}  // namespace flumen
