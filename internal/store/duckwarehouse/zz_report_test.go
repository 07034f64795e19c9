package duckwarehouse_test

import "testing"
