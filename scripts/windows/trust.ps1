<#
.SYNOPSIS
Fetches the root certificate of a mockmdm server, compares it with the fingerprint the server printed, and trusts it.

.DESCRIPTION
The fetch is plain HTTP, because nothing is trusted yet: the fingerprint is all that protects it. Read it from the server's screen
or from `mockmdm ca show`, not from the network.

.EXAMPLE
.\trust.ps1 -Bootstrap http://lab.local:8480 -Fingerprint 5F1C...
#>
[CmdletBinding()]
param(
    # Address of the bootstrap listener, such as http://lab.local:8480.
    [Parameter(Mandatory)] [string] $Bootstrap,
    # SHA-256 or SHA-1 of the root, with or without colons.
    [Parameter(Mandatory)] [string] $Fingerprint
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

$identity = [Security.Principal.WindowsIdentity]::GetCurrent()
$principal = New-Object Security.Principal.WindowsPrincipal $identity
if (-not $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    throw 'Run this in an elevated PowerShell: the root goes to the store of the machine.'
}

$file = Join-Path $env:TEMP 'mockmdm-root.cer'
Invoke-WebRequest -Uri "$($Bootstrap.TrimEnd('/'))/trust/root.der" -OutFile $file -UseBasicParsing
try {
    $certificate = New-Object Security.Cryptography.X509Certificates.X509Certificate2 $file
    $wanted = ($Fingerprint -replace '[^0-9A-Fa-f]', '').ToUpperInvariant()
    $sha256 = [Security.Cryptography.SHA256]::Create()
    $found = switch ($wanted.Length) {
        40 { $certificate.Thumbprint }
        64 { -join ($sha256.ComputeHash($certificate.RawData) | ForEach-Object { $_.ToString('X2') }) }
        default { throw 'The fingerprint is neither 64 digits (SHA-256) nor 40 (SHA-1).' }
    }
    if ($found -ne $wanted) {
        throw "This is another root: $found. It is not installed."
    }
    Import-Certificate -FilePath $file -CertStoreLocation Cert:\LocalMachine\Root | Out-Null
    Write-Output "Trusted: $($certificate.Subject), valid until $($certificate.NotAfter.ToString('u'))."
}
finally {
    Remove-Item $file -ErrorAction SilentlyContinue
}
