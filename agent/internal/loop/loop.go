// Package loop is the agent's one place to wait: an epoll over rings, the settings' folder, timers and what other
// goroutines have to say. All state of the agent is changed here and nowhere else, so nothing of it needs a lock, and
// nothing runs while nothing happens.
package loop
