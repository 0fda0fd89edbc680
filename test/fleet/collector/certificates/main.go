// Makes an authority and two certificates of it in the folder that is named: one for a server on this machine, one for a client.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

func main() {
	folder := os.Args[1]
	authority := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "authority"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	key := issue(folder, authority, authority, nil)
	issue(folder, &x509.Certificate{
		Subject:     pkix.Name{CommonName: "server"},
		DNSNames:    []string{"localhost"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, authority, key)
	issue(folder, &x509.Certificate{
		Subject:     pkix.Name{CommonName: "client"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, authority, key)
}

// issue writes NAME.pem and NAME.key, signed with the parent's key or with its own, which it returns.
func issue(folder string, of, parent *x509.Certificate, parentKey *ecdsa.PrivateKey) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	if parentKey == nil {
		parentKey = key
	}
	of.SerialNumber = big.NewInt(time.Now().UnixNano())
	of.NotBefore = time.Now().Add(-time.Hour)
	of.NotAfter = time.Now().Add(24 * time.Hour)
	certificate, err := x509.CreateCertificate(rand.Reader, of, parent, &key.PublicKey, parentKey)
	check(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	check(err)
	write(folder, of.Subject.CommonName+".pem", "CERTIFICATE", certificate)
	write(folder, of.Subject.CommonName+".key", "PRIVATE KEY", secret)
	return key
}

func write(folder, name, kind string, bytes []byte) {
	check(os.WriteFile(filepath.Join(folder, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
