package main

func word() string { return "hello" }
