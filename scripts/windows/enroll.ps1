<#
.SYNOPSIS
Enrolls this machine with a mockmdm server: by Windows' own dialog, or without any.

.DESCRIPTION
Without -Code the dialog opens, with server and user filled in. With -Code the machine is registered by
RegisterDeviceWithManagement: elevated, 64-bit, in the session of a user who is signed in; the server must accept the
federated policy (it does by default).

.EXAMPLE
.\enroll.ps1 -Server https://lab.local:8443 -User ada@example.com

.EXAMPLE
.\enroll.ps1 -Server https://lab.local:8443 -User ada@example.com -Code ABCD-EFGH
#>
[CmdletBinding()]
param(
    # Address of the device listener, such as https://lab.local:8443.
    [Parameter(Mandatory)] [string] $Server,
    # User principal name of the user the device is for.
    [Parameter(Mandatory)] [string] $User,
    # An enrollment code: `mockmdm code`.
    [string] $Code
)
Set-StrictMode -Version 2
$ErrorActionPreference = 'Stop'

$discovery = "$($Server.TrimEnd('/'))/EnrollmentServer/Discovery.svc"

if (-not $Code) {
    $link = 'ms-device-enrollment:?mode=mdm&servername={0}&username={1}' -f
        [Uri]::EscapeDataString($discovery), [Uri]::EscapeDataString($User)
    Start-Process $link
    Write-Output 'Password in the dialog: the enrollment code.'
    return
}

$principal = New-Object Security.Principal.WindowsPrincipal ([Security.Principal.WindowsIdentity]::GetCurrent())
if (-not $principal.IsInRole([Security.Principal.WindowsBuiltInRole]::Administrator)) {
    throw 'Run this in an elevated PowerShell.'
}
if (-not [Environment]::Is64BitProcess) {
    throw 'Run this in the 64-bit PowerShell: the other one has no such function.'
}

# Page "RegisterDeviceWithManagement function" of the Win32 API.
Add-Type -Namespace Mockmdm -Name Registration -MemberDefinition @'
[System.Runtime.InteropServices.DllImport("mdmregistration.dll", CharSet = System.Runtime.InteropServices.CharSet.Unicode, ExactSpelling = true)]
public static extern int RegisterDeviceWithManagement(string upn, string discoveryUrl, string accessToken);
'@

# The server reads the code up to the first point, and the user after it.
$result = [Mockmdm.Registration]::RegisterDeviceWithManagement($User, $discovery, "$Code.$User")
if ($result -ne 0) {
    $shown = '0x{0:X8}' -f $result
    $hint = switch ($shown) {
        '0x80180002' { 'The server does not know the code: `mockmdm code` makes another.' }
        '0x80180003' { 'The code is used up or expired.' }
        '0x80180008' { 'The server answered something else: is this the device listener?' }
        '0x80180009' { 'An enrollment is in progress: wait, or restart the machine.' }
        '0x8018000A' { 'The machine is enrolled already: unenroll.ps1.' }
        '0x80180012' { 'The server is not trusted: trust.ps1, then check.ps1.' }
        '0x8018001C' { 'This edition of Windows cannot be enrolled.' }
        '0x80180026' { 'Blocked by policy, or managed by another agent.' }
        default { 'The server says why: `mockmdm events`. On this side: collect.ps1.' }
    }
    throw "Enrollment failed: $shown. $hint"
}
Write-Output 'Enrolled. The first session follows within a minute; sync.ps1 starts one at once.'
